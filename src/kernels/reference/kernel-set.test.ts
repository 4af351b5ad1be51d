import { describe, expect, it, vi } from "vitest";
import { floatFormat } from "../../formats/catalog.ts";
import { roundToFormat } from "../../formats/round.ts";
import { roundingWord } from "../../random/rounding-bits.ts";
import type { Buffer, Command, ExternalArray, Operand, Plan } from "../contract.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const kernels = createReferenceKernels();

const external = (name: string, dtype: "f32" | "i32", elements: number): Buffer => ({
  place: "external",
  offset: 0,
  name,
  dtype,
  elements,
});
const arena = (offset: number, elements: number): Buffer => ({
  place: "arena",
  offset,
  name: `arena ${offset}`,
  dtype: "f32",
  elements,
});
const operand = (buffer: number, elements: number): Operand => ({ buffer, shape: [elements], dtype: "f32" });
const square = (from: number, to: number, elements: number): Command => ({
  op: "unary",
  attrs: { kind: "square" },
  inputs: [operand(from, elements)],
  outputs: [operand(to, elements)],
});

/** x → x² → (x²)², with the middle in the arena. */
function chain(overrides: Partial<Plan> = {}): Plan {
  return {
    buffers: [external("x", "f32", 2), external("y", "f32", 2), arena(0, 2)],
    arenaBytes: 64,
    commands: [square(0, 2, 2), square(2, 1, 2)],
    clockBuffer: -1,
    ...overrides,
  };
}

function arrays(entries: Record<string, ExternalArray>): Map<string, ExternalArray> {
  return new Map(Object.entries(entries));
}

describe("createReferenceKernels", () => {
  it("gives the event loop a turn across runs that are each too short for one", async () => {
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => {
      now += 10;
      return now;
    });
    try {
      const plan = kernels.prepare(chain(), arrays({ x: new Float32Array(2), y: new Float32Array(2) }));
      let turned = false;
      setImmediate(() => {
        turned = true;
      });
      for (let run = 0; run < 10; run++) await plan.run();
      expect(turned).toBe(true);
    } finally {
      clock.mockRestore();
    }
  });

  it("runs commands in order on shared arrays, as often as asked", async () => {
    const x = Float32Array.of(2, -3);
    const y = new Float32Array(2);
    const plan = kernels.prepare(chain(), arrays({ x, y }));
    await plan.run();
    expect(Array.from(y)).toEqual([16, 81]);
    x.set([1, 10]);
    await plan.run();
    expect(Array.from(y)).toEqual([1, 10000]);
  });

  it("computes in FP64 on FP64 arrays when asked", async () => {
    const x = Float64Array.of(1 + 2 ** -20, 0.1);
    const y = new Float64Array(2);
    await createReferenceKernels({ precision: "f64" }).prepare(chain(), arrays({ x, y })).run();
    expect(Array.from(y)).toEqual([(x[0] * x[0]) ** 2, (x[1] * x[1]) ** 2]);
  });

  it("lets buffers of the same place share memory, as the planner reuses it", async () => {
    const x = Float32Array.of(3, 4);
    const y = new Float32Array(2);
    const buffers = [external("x", "f32", 2), external("y", "f32", 2), arena(0, 2), arena(0, 2)];
    // The second command writes over the memory it reads.
    const commands = [square(0, 2, 2), square(2, 3, 2), square(2, 1, 2)];
    await kernels.prepare(chain({ buffers, commands }), arrays({ x, y })).run();
    expect(Array.from(y)).toEqual([3 ** 8, 4 ** 8]);
  });

  it("rounds on store with the words of the clock at the time of the run", async () => {
    const format = floatFormat("e5m2");
    const store = { format, rounding: "stochastic", overflow: "saturate", tensorId: 6 } as const;
    const x = Float32Array.from({ length: 9 }, (_, i) => 1 + i / 7);
    const y = new Float32Array(9);
    const clock = Int32Array.of(-5, 17, 0);
    const plan: Plan = {
      buffers: [external("x", "f32", 9), external("y", "f32", 9), external("clock", "i32", 3)],
      arenaBytes: 0,
      commands: [{ op: "copy", attrs: {}, inputs: [operand(0, 9)], outputs: [{ ...operand(1, 9), store }] }],
      clockBuffer: 2,
    };
    const prepared = kernels.prepare(plan, arrays({ x, y, clock }));
    for (const step of [0, 1]) {
      clock[2] = step;
      await prepared.run();
      const word = (i: number) => roundingWord(2 ** 32 - 5, 17, step, 6, i);
      const expected = x.map((value, i) => roundToFormat(value, format, "stochastic", "saturate", word(i)));
      expect(y).toEqual(expected);
    }
  });

  it.each([
    [100, true],
    [0, false],
  ])(
    "gives the event loop a turn when commands took long (%i ms a look at the clock: %s)",
    async (pace, expected) => {
      let now = 0;
      const clock = vi.spyOn(performance, "now").mockImplementation(() => {
        now += pace;
        return now;
      });
      let turned = false;
      setImmediate(() => {
        turned = true;
      });
      await kernels.prepare(chain(), arrays({ x: new Float32Array(2), y: new Float32Array(2) })).run();
      clock.mockRestore();
      expect(turned).toBe(expected);
    },
  );

  it("refuses to run a plan that is running", async () => {
    const plan = kernels.prepare(chain(), arrays({ x: new Float32Array(2), y: new Float32Array(2) }));
    const first = plan.run();
    await expect(plan.run()).rejects.toThrow("still running");
    await first;
    await plan.run();
  });
});

describe("prepare refuses", () => {
  const x = new Float32Array(2);
  const y = new Float32Array(2);

  it.each([
    ["a missing external", chain(), arrays({ x }), /"y" is not bound .*received x/],
    [
      "a wrong length",
      chain(),
      arrays({ x, y: new Float32Array(3) }),
      /"y".*Float32Array of 2.*of 3 elements/,
    ],
    ["a wrong type", chain(), arrays({ x: new Int32Array(2), y }), /"x".*received Int32Array/],
    ["FP64 arrays in FP32", chain(), arrays({ x: new Float64Array(2), y }), /"x".*received Float64Array/],
    [
      "an operand outside the buffers",
      chain({ commands: [square(0, 9, 2)] }),
      arrays({ x, y }),
      /buffer that does not exist .*0 to 2.*received 9/,
    ],
    [
      "an operand that is too large",
      chain({ commands: [square(0, 1, 5)] }),
      arrays({ x, y }),
      /\[5\] does not fit/,
    ],
    [
      "an operand of another type",
      chain({ commands: [{ ...square(0, 1, 2), inputs: [{ ...operand(0, 2), dtype: "i32" }] } as Command] }),
      arrays({ x, y }),
      /buffer 0 \(x\) as another type .*expected f32; received i32/,
    ],
    [
      "stochastic rounding without a clock",
      chain({
        commands: [
          {
            op: "quantizeDynamicFixed",
            attrs: { bits: 16, rounding: "stochastic", tensorId: 0 },
            inputs: [operand(0, 2)],
            outputs: [operand(1, 2), operand(2, 1)],
          },
        ],
      }),
      arrays({ x, y }),
      /clock buffer is missing/,
    ],
  ] as const)("%s", (_name, plan, externals, message) => {
    expect(() => kernels.prepare(plan, externals)).toThrow(message);
  });
});
