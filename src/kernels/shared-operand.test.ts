/**
 * Products of one plan that read the same right matrix: native kernels pack it once, and must notice when it is written in
 * between, when a buffer is reused, and when the next run brings other numbers.
 */
import { describe, expect, it } from "vitest";
import { normals } from "./conformance/data.ts";
import { implementations } from "./conformance/implementations.ts";
import type { Buffer, Carrier, Command, ExternalArray, Operand, Plan } from "./contract.ts";
import { externalFloats } from "./external-floats.fixture.ts";

const [ROWS, INNER, COLUMNS, PRODUCTS] = [5, 33, 70, 5];

/** c0, c1 = a·m with m = b; then m = d and c2, c3 = a·m; c4 = a·mᵀ of another reading of the same memory. */
function sharingPlan(carrier: Carrier): Plan {
  const buffers: Buffer[] = [
    externalFloats("a", ROWS * INNER),
    externalFloats("b", INNER * COLUMNS),
    externalFloats("d", INNER * COLUMNS),
    {
      place: "arena",
      offset: 0,
      name: "",
      dtype: carrier === "bf16" ? "bf16" : "f32",
      elements: INNER * COLUMNS,
    },
    ...Array.from({ length: PRODUCTS }, (_, i) => externalFloats(`c${i}`, ROWS * COLUMNS)),
  ];
  const operand = (buffer: number, ...shape: number[]): Operand => ({
    buffer,
    shape,
    dtype: buffers[buffer].dtype,
  });
  const copy = (from: number): Command => ({
    op: "copy",
    attrs: {},
    inputs: [operand(from, INNER, COLUMNS)],
    outputs: [operand(3, INNER, COLUMNS)],
  });
  const product = (result: number, transB = false): Command => ({
    op: "matmul",
    attrs: { transA: false, transB, carrier },
    inputs: [operand(0, ROWS, INNER), transB ? operand(3, COLUMNS, INNER) : operand(3, INNER, COLUMNS)],
    outputs: [operand(4 + result, ROWS, COLUMNS)],
  });
  const commands = [copy(1), product(0), product(1), copy(2), product(2), product(3), product(4, true)];
  return { buffers, arenaBytes: 4 * INNER * COLUMNS + 64, commands, clockBuffer: -1 };
}

function bf16Grid(values: Float32Array): Float32Array {
  return values.map((x) => Math.round(x * 16) / 16);
}

function expected(a: Float32Array, m: Float32Array, transposed = false): number[] {
  return Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    let sum = 0;
    for (let k = 0; k < INNER; k++) {
      sum += a[row * INNER + k] * m[transposed ? column * INNER + k : k * COLUMNS + column];
    }
    return sum;
  });
}

describe.each(implementations())("$name", ({ kernels }) => {
  it.each(["f32", "bf16"] as const)(
    "read a shared right matrix as it is at the time (%s)",
    async (carrier) => {
      const [a, b, d] = [ROWS * INNER, INNER * COLUMNS, INNER * COLUMNS].map((n, i) =>
        bf16Grid(normals(n, 140 + i)),
      );
      const results = Array.from({ length: PRODUCTS }, () => new Float32Array(ROWS * COLUMNS));
      const externals = new Map<string, ExternalArray>([
        ["a", a],
        ["b", b],
        ["d", d],
        ...results.map((c, i): [string, ExternalArray] => [`c${i}`, c]),
      ]);
      const program = kernels.prepare(sharingPlan(carrier), externals);
      for (let run = 0; run < 2; run++) {
        if (run > 0) b.set(d.map((x) => -x));
        await program.run();
        const wanted = [expected(a, b), expected(a, b), expected(a, d), expected(a, d), expected(a, d, true)];
        wanted.forEach((want, i) => {
          // Sums of a few dozen multiples of 2^−8: exact in FP32.
          expect(Array.from(results[i]), `product ${i} of run ${run}`).toEqual(want);
        });
      }
    },
  );
});
