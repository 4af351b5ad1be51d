/** Plans that the native kernels must refuse: nothing that a plan says may lead outside its memory. */
import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { floatFormat } from "../formats/catalog.ts";
import type { Buffer, Command, ExternalArray, Operand, Plan } from "./contract.ts";
import { createNativeKernels } from "./native.ts";
import { encodePlan } from "./native-encode.ts";
import { type AddonPlan, loadAddon, type NativeEngine } from "./native-load.ts";

const loaded = loadAddon();
const skipped = "reason" in loaded ? ` (skipped: ${loaded.reason})` : "";

function addon() {
  if ("reason" in loaded) throw new Error(loaded.reason);
  return loaded.addon;
}

function engine(): NativeEngine {
  return addon().createEngine({ threads: 2, tier: "portable" });
}

const external = (name: string, elements: number, dtype: "f32" | "i32" = "f32"): Buffer => ({
  place: "external",
  offset: 0,
  name,
  dtype,
  elements,
});

const BUFFERS: readonly Buffer[] = [
  external("x", 12),
  external("y", 12),
  { place: "arena", offset: 64, name: "a", dtype: "f32", elements: 16 },
  external("clock", 3, "i32"),
];
const X: Operand = { buffer: 0, shape: [3, 4], dtype: "f32" };
const Y: Operand = { buffer: 1, shape: [3, 4], dtype: "f32" };
const COPY: Command = { op: "copy", attrs: {}, inputs: [X], outputs: [Y] };
const GOOD: Plan = { buffers: BUFFERS, arenaBytes: 128, commands: [COPY], clockBuffer: 3 };

function arrays(): ExternalArray[] {
  return [Float32Array.from({ length: 12 }, (_, i) => i), new Float32Array(12), Int32Array.of(1, 2, 3)];
}

const bound = (list: readonly ExternalArray[]) =>
  new Map(["x", "y", "clock"].map((name, i) => [name, list[i]]));

const conv = { strideH: 1, strideW: 1, padH: 0, padW: 0, dilationH: 1, dilationW: 1, groups: 1 } as const;
const at = (operand: Operand, change: Partial<Operand>): Operand => ({ ...operand, ...change });
const command = (change: Partial<Command>): Plan => ({
  ...GOOD,
  commands: [{ ...COPY, ...change } as Command],
});
const buffer = (index: number, change: Partial<Buffer>): Plan => ({
  ...GOOD,
  buffers: BUFFERS.map((old, i) => (i === index ? { ...old, ...change } : old)),
});
const fp32 = floatFormat("fp32");
const rounded = (change: Partial<typeof fp32>): Plan =>
  command({
    outputs: [
      at(Y, {
        store: {
          format: { ...fp32, ...change },
          rounding: "nearestEven",
          overflow: "saturate",
          tensorId: 0,
        },
      }),
    ],
  });

/** Plan, and a part of the message. */
const BAD: readonly (readonly [string, Plan, RegExp])[] = [
  ["a buffer index that does not exist", command({ inputs: [at(X, { buffer: 4 })] }), /names no buffer/],
  ["a negative buffer index", command({ inputs: [at(X, { buffer: -1 })] }), /names no buffer/],
  ["an operand larger than its buffer", command({ inputs: [at(X, { shape: [13] })] }), /does not fit/],
  [
    "sizes whose product overflows",
    command({ inputs: [at(X, { shape: [2 ** 32, 2 ** 32, 3] })] }),
    /too long/,
  ],
  ["an empty axis", command({ inputs: [at(X, { shape: [3, 0] })] }), /empty/],
  ["a size that is no integer", command({ inputs: [at(X, { shape: [1.5] })] }), /must be an integer/],
  ["nine axes", command({ inputs: [at(X, { shape: [1, 1, 1, 1, 1, 1, 1, 3, 4] })] }), /8 axes/],
  ["an operand of another type", command({ inputs: [at(X, { dtype: "bf16" })] }), /differ in dtype/],
  ["an arena buffer beyond the arena", buffer(2, { offset: 128 }), /does not fit the arena/],
  ["a negative arena offset", buffer(2, { offset: -64 }), /multiple of 64/],
  ["an unaligned arena offset", buffer(2, { offset: 4 }), /multiple of 64/],
  ["a negative arena", { ...GOOD, arenaBytes: -1 }, /arenaBytes|does not fit/],
  ["a clock that does not exist", { ...GOOD, clockBuffer: 9 }, /clockBuffer/],
  ["a clock that is not i32", { ...GOOD, clockBuffer: 0 }, /clock must be/],
  ["too few operands", command({ inputs: [] }), /needs 1/],
  ["too many operands", command({ inputs: [X, X] }), /needs 1/],
  ["different element counts", command({ inputs: [at(X, { shape: [11] })] }), /elements/],
  [
    "overlapping operands of different size",
    command({ outputs: [at(X, { shape: [3] })], inputs: [at(X, { shape: [3] }), X] }),
    /needs 1/,
  ],
  [
    "an operation that cannot run in place",
    command({ op: "transpose", attrs: { perm: [1, 0] }, inputs: [X], outputs: [at(X, { shape: [4, 3] })] }),
    /in place/,
  ],
  ["a permutation that repeats an axis", command({ op: "transpose", attrs: { perm: [0, 0] } }), /twice/],
  ["an axis that does not exist", command({ op: "reduceSum", attrs: { axes: [2] } }), /axis/],
  [
    "shapes that do not broadcast",
    command({ op: "binary", attrs: { kind: "add" }, inputs: [X, at(X, { shape: [3] })] }),
    /broadcast/,
  ],
  [
    "a matmul with different inner sizes",
    command({
      op: "matmul",
      attrs: { transA: false, transB: false, carrier: "f32" },
      inputs: [X, at(X, { shape: [3, 4] })],
    }),
    /inner sizes/,
  ],
  [
    "a convolution with a wrong output size",
    command({
      op: "conv2d",
      attrs: { ...conv, carrier: "f32" },
      inputs: [at(X, { shape: [1, 3, 4, 1] }), at(X, { shape: [1, 2, 2, 1] })],
      outputs: [at(Y, { shape: [1, 3, 4, 1] })],
    }),
    /height or width/,
  ],
  [
    "a window beyond the image",
    command({
      op: "maxPool2d",
      attrs: {
        ...{ kernelH: 2, kernelW: 2, strideH: 4, strideW: 4, padH: 0, padW: 0 },
        ...{ dilationH: 1, dilationW: 1, adaptive: false },
      },
      inputs: [at(X, { shape: [1, 3, 4, 1] })],
      outputs: [at(Y, { shape: [1, 2, 1, 1] }), { buffer: 3, shape: [1, 2, 1, 1], dtype: "i32" }],
    }),
    /no pixel/,
  ],
  ["a format wider than FP32", rounded({ precision: 25 }), /not inside FP32/],
  ["a format with a lower smallest normal", rounded({ bias: 200 }), /not inside FP32/],
];

describe(`the native kernels refuse${skipped}`, () => {
  it.skipIf(skipped !== "").each(BAD)("%s", (_name, plan, message) => {
    const kernels = createNativeKernels(addon(), { threads: 1, tier: "portable" });
    expect(() => kernels.prepare(plan, bound(arrays()))).toThrowError(message);
    expect(() => kernels.prepare(plan, bound(arrays()))).toThrowError(RoundoffError);
  });

  it.skipIf(skipped !== "")("stochastic rounding without a clock", () => {
    const format = floatFormat("bf16");
    const store = { format, rounding: "stochastic", overflow: "infinity", tensorId: 1 } as const;
    const plan = { ...command({ outputs: [at(Y, { store })] }), clockBuffer: -1 };
    expect(() => createNativeKernels(addon()).prepare(plan, bound(arrays()))).toThrowError(/no clock/);
  });

  it.skipIf(skipped !== "")("externals that are missing or of another type or length", () => {
    const kernels = createNativeKernels(addon());
    const [x, y, clock] = arrays();
    expect(() => kernels.prepare(GOOD, new Map([["x", x]]))).toThrowError(/"y" is not bound/);
    expect(() => kernels.prepare(GOOD, bound([x, new Float32Array(11), clock]))).toThrowError(/11 elements/);
    expect(() => kernels.prepare(GOOD, bound([x, new Float64Array(12), clock]))).toThrowError(/Float64Array/);
    expect(() => engine().prepare(encodePlan(GOOD), [x, y])).toThrowError(/fewer externals/);
    expect(() => engine().prepare(encodePlan(GOOD), [x, y, y])).toThrowError(/another type or length/);
  });

  it.skipIf(skipped !== "").each([
    ["no object", undefined],
    ["no buffers", { arenaBytes: 0, commands: [], clockBuffer: -1 }],
    ["buffers that are no list", { ...encodePlan(GOOD), buffers: 3 }],
    [
      "an unknown operation",
      { ...encodePlan(GOOD), commands: [{ ...encodePlan(GOOD).commands[0], op: "x" }] },
    ],
    ["a store that is too short", storing([8, -126, 1])],
    ["a store with an unknown rounding", storing([8, -126, 1, 1, 1, 1, 1, 7, 0, 0])],
    ["a getter that throws", throwing()],
  ])("a plan object with %s", (_name, plan) => {
    expect(() => engine().prepare(plan as AddonPlan, arrays())).toThrowError();
  });
});

function storing(store: readonly number[]): unknown {
  const plan = encodePlan(GOOD);
  const [first] = plan.commands;
  return { ...plan, commands: [{ ...first, outputs: [{ ...first.outputs[0], store }] }] };
}

function throwing(): unknown {
  return {
    get buffers() {
      throw new Error("from the getter");
    },
  };
}
