/** Every backward rule against central differences in FP64 on the reference kernels, over odd shapes. */
import { describe, expect, it } from "vitest";
import { backwardRules } from "../src/autodiff/backward-rules.ts";
import { type CheckedInput, type EvaluateF64, gradcheck } from "../src/autodiff/gradcheck.ts";
import { evaluate } from "../src/compile/evaluate.ts";
import { Tensor } from "../src/graph/tensor.ts";
import { BINARY_KINDS, UNARY_KINDS, type UnaryKind } from "../src/kernels/contract.ts";
import { createReferenceKernels } from "../src/kernels/reference/kernel-set.ts";
import { crossEntropy } from "../src/nn/index.ts";
import { randomStream } from "../src/random/streams.ts";

const kernels = createReferenceKernels({ precision: "f64" });
const evaluateF64: EvaluateF64 = (graph, feeds) => evaluate(graph, { kernels, feeds, precision: "f64" });

interface Case {
  readonly name: string;
  readonly covers: string;
  readonly build: (inputs: Tensor[]) => Tensor;
  readonly inputs: readonly CheckedInput[];
}

let draws = 0;
/** Values in ±2 whose distance from 0, and from each other's ties, is far larger than the step. */
function input(...shape: number[]): CheckedInput {
  const stream = randomStream({ seed: 11, stream: "init", id: draws++ });
  const length = shape.reduce((product, size) => product * size, 1);
  const values = Float64Array.from({ length }, () => {
    const u = stream.uniform() * 4 - 2;
    return Math.abs(u) < 0.05 ? u + 0.1 * Math.sign(u || 1) : u;
  });
  return { shape, values };
}

const positive = (checked: CheckedInput): CheckedInput => ({
  ...checked,
  values: checked.values.map((value) => Math.abs(value) + 0.3),
});

const labels = (...values: number[]): CheckedInput => ({
  shape: [values.length],
  values: Float64Array.from(values),
  dtype: "i32",
  differentiable: false,
});

const NEEDS_POSITIVE: ReadonlySet<UnaryKind> = new Set(["sqrt", "rsqrt", "log", "reciprocal"]);

const cases: Case[] = [
  ...UNARY_KINDS.map((kind) => ({
    name: `unary ${kind}`,
    covers: "unary",
    build: ([x]: Tensor[]) => x[kind](),
    inputs: [NEEDS_POSITIVE.has(kind) ? positive(input(3, 5)) : input(3, 5)],
  })),
  ...BINARY_KINDS.flatMap((kind) =>
    [
      [
        [2, 3, 5],
        [2, 3, 5],
      ],
      [[2, 3, 5], [5]],
      [
        [3, 1],
        [2, 1, 7],
      ],
    ].map(([a, b]) => ({
      name: `binary ${kind} [${a.join()}] [${b.join()}]`,
      covers: "binary",
      build: ([x, y]: Tensor[]) => x[kind](y),
      inputs: [input(...a), kind === "div" ? positive(input(...b)) : input(...b)],
    })),
  ),
  { name: "affine", covers: "affine", build: ([x]) => x.affine(-1.5, 0.25), inputs: [input(7)] },
  {
    name: "sum over the middle",
    covers: "reduceSum",
    build: ([x]) => x.sum({ axes: [1] }),
    inputs: [input(2, 3, 5)],
  },
  {
    name: "mean over [1, 2]",
    covers: "reduceSum",
    build: ([x]) => x.mean({ axes: [1, 2] }),
    inputs: [input(2, 3, 3, 2)],
  },
  {
    name: "broadcastTo",
    covers: "broadcastTo",
    build: ([x]) => x.broadcastTo([4, 3, 5]),
    inputs: [input(3, 1)],
  },
  {
    name: "transpose",
    covers: "transpose",
    build: ([x]) => x.transpose([2, 0, 1]),
    inputs: [input(2, 3, 5)],
  },
  {
    name: "reshape",
    covers: "reshape",
    build: ([x]) => x.reshape([5, 6]).square(),
    inputs: [input(2, 3, 5)],
  },
  {
    name: "copy",
    covers: "copy",
    build: ([x]) => new Tensor(x.graph, x.graph.apply("copy", [x.value], {})[0]).square(),
    inputs: [input(5)],
  },
  {
    name: "fill",
    covers: "fill",
    build: ([x]) => x.mul(new Tensor(x.graph, x.graph.apply("fill", [], { value: 3, shape: [5] })[0])),
    inputs: [input(5)],
  },
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB) => ({
      name: `matmul ${transA ? "aᵀ" : "a"}·${transB ? "bᵀ" : "b"}`,
      covers: "matmul",
      build: ([a, b]: Tensor[]) => a.matmul(b, { transA, transB }),
      inputs: [transA ? input(5, 3) : input(3, 5), transB ? input(7, 5) : input(5, 7)],
    })),
  ),
  {
    name: "matmul batched",
    covers: "matmul",
    build: ([a, b]) => a.matmul(b),
    inputs: [input(2, 3, 5), input(2, 5, 4)],
  },
  {
    name: "matmul shared b",
    covers: "matmul",
    build: ([a, b]) => a.matmul(b),
    inputs: [input(2, 3, 5), input(5, 4)],
  },
  ...[
    { options: { padding: 1 }, w: [4, 3, 3, 3] },
    { options: { stride: 2, padding: 1 }, w: [4, 3, 3, 3] },
    { options: { stride: [2, 1], padding: [2, 0] }, w: [2, 5, 1, 3] },
    { options: { dilation: 2, padding: 2 }, w: [4, 3, 3, 3] },
    { options: { groups: 3, padding: 1 }, w: [6, 3, 3, 1] },
    { options: { stride: 3 }, w: [4, 1, 1, 3] },
  ].map(({ options, w }) => ({
    name: `conv2d [${w.join()}] ${JSON.stringify(options)}`,
    covers: "conv2d",
    build: ([x, weight]: Tensor[]) => x.conv2d(weight, options as Parameters<Tensor["conv2d"]>[1]),
    inputs: [input(2, 7, 6, 3), input(...w)],
  })),
  {
    name: "maxPool2d",
    covers: "maxPool2d",
    build: ([x]) => x.maxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    inputs: [input(2, 7, 6, 3)],
  },
  {
    name: "avgPool2d",
    covers: "avgPool2d",
    build: ([x]) => x.avgPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    inputs: [input(2, 7, 6, 3)],
  },
  {
    name: "batchNormTrain",
    covers: "batchNormTrain",
    build: ([x, w, b, mean, variance]) =>
      new Tensor(
        x.graph,
        x.graph.apply(
          "batchNormTrain",
          [x, w, b, mean, variance].map((t) => t.value),
          { eps: 1e-5, momentum: 0.1 },
        )[0],
      ),
    inputs: [
      input(2, 3, 3, 5),
      input(5),
      input(5),
      { ...input(5), differentiable: false },
      { ...positive(input(5)), differentiable: false },
    ],
  },
  ...[
    { labelSmoothing: 0, ignoreIndex: -100 },
    { labelSmoothing: 0.1, ignoreIndex: 2 },
  ].map((options) => ({
    name: `crossEntropy ${JSON.stringify(options)}`,
    covers: "softmaxCrossEntropy",
    build: ([logits, target]: Tensor[]) => crossEntropy(logits, target, options).loss,
    inputs: [input(4, 5), labels(0, 4, 2, 1)],
  })),
];

describe("gradients agree with central differences in FP64", () => {
  it.each(cases)("$name", async ({ build, inputs }) => {
    const { worst, where } = await gradcheck(build, inputs, evaluateF64);
    expect(worst, where).toBeLessThan(1e-7);
  });

  it("covers every differentiable primitive", () => {
    const differentiable = Object.entries(backwardRules).flatMap(([op, rule]) =>
      rule === "notDifferentiable" ? [] : [op],
    );
    const covered = new Set(cases.map((entry) => entry.covers));
    // Straight-through by definition: its derivative is not that of rounding.
    expect(differentiable.filter((op) => op !== "quantize" && !covered.has(op))).toEqual([]);
  });

  it("notices a wrong rule", async () => {
    const kinked = ([x]: Tensor[]) => x.square();
    const wrong: EvaluateF64 = async (graph, feeds) => {
      const results = new Map(await evaluateF64(graph, feeds));
      const gradient = results.get("grad0");
      if (gradient !== undefined)
        results.set(
          "grad0",
          Array.from(gradient, (g) => g * 1.001),
        );
      return results;
    };
    expect((await gradcheck(kinked, [input(4)], wrong)).worst).toBeGreaterThan(1e-4);
  });
});
