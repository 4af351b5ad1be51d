/** Losses: what has no golden. Values by hand, extremes, errors; that no recipe rounds inside them. */
import { describe, expect, it } from "vitest";
import { gradients } from "../../autodiff/gradients.ts";
import { evaluate } from "../../compile/evaluate.ts";
import { Graph } from "../../graph/graph.ts";
import { Tensor } from "../../graph/tensor.ts";
import { createReferenceKernels } from "../../kernels/reference/kernel-set.ts";
import { discriminatorLoss, generatorLoss, hingeEmbeddingLoss, hingeLoss } from "./adversarial.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { perceptualLoss } from "./perceptual.ts";
import { bceLoss, bceWithLogits, klDiv, smoothL1Loss } from "./pointwise.ts";

const vector = (...values: number[]) => Float32Array.from(values);

/** The result of `build` on vectors, and its gradient with respect to the first. */
async function compute(build: (inputs: Tensor[]) => Tensor, ...arrays: Float32Array[]) {
  const graph = new Graph();
  const inputs = arrays.map((array, i) =>
    graph.source({ kind: "input", name: `x${i}` }, [array.length], "activation"),
  );
  const result = build(inputs.map((value) => new Tensor(graph, value)));
  graph.output("result", result.value);
  const seed = graph.during("backward", () => graph.apply("fill", [], { value: 1, shape: result.shape })[0]);
  graph.output("gradient", gradients(graph, [result.value], [seed], [inputs[0]])[0]!);
  const feeds = new Map(arrays.map((array, i) => [`x${i}`, array]));
  const results = await evaluate(graph, { kernels: createReferenceKernels(), feeds });
  return { result: Array.from(results.get("result")!), gradient: Array.from(results.get("gradient")!) };
}

describe("losses", () => {
  it("of logits stay finite and exact where sigmoids saturate", async () => {
    const logits = vector(200, -200, 200, -200);
    const { result, gradient } = await compute(
      ([x, target]) => bceWithLogits(x, target, { reduction: "none" }),
      logits,
      vector(1, 1, 0, 0),
    );
    expect(result).toEqual([0, 200, 200, 0]);
    expect(gradient).toEqual([0, -1, 1, 0]);
  });

  it("of probabilities 0 and 1 are bounded by 100", async () => {
    const { result } = await compute(
      ([p, t]) => bceLoss(p, t, { reduction: "none" }),
      vector(0, 1),
      vector(1, 1),
    );
    expect(result.map(Math.abs)).toEqual([100, 0]);
  });

  it("smoothL1 is the parabola inside and the line outside, and continuous", async () => {
    const { result, gradient } = await compute(
      ([x, target]) => smoothL1Loss(x, target, { beta: 2, reduction: "none" }),
      vector(1, 2, 3, -5),
      vector(0, 0, 0, 0),
    );
    expect(result).toEqual([0.25, 1, 2, 4]);
    expect(gradient).toEqual([0.5, 1, 1, -1]);
  });

  it("klDiv counts a target of 0 as nothing, in the gradient too", async () => {
    const { result, gradient } = await compute(
      ([x, target]) => klDiv(x, target, { reduction: "batchMean" }),
      vector(-1, -2),
      vector(0, 1),
    );
    expect(result).toEqual([1]);
    expect(gradient[0]).toBeCloseTo(0, 12);
    expect(gradient[1]).toBe(-0.5);
  });

  it.each([
    ["minimax", 2 * Math.LN2, Math.LN2],
    ["leastSquares", 0.5, 0.5],
    ["hinge", 2, 0],
    ["wasserstein", 0, 0],
  ] as const)("the game %s at undecided scores", async (game, discriminator, generator) => {
    const zeros = vector(0, 0, 0);
    const played = await compute(([real, fake]) => discriminatorLoss(real, fake, game), zeros, zeros);
    expect(played.result[0]).toBeCloseTo(discriminator, 6);
    expect((await compute(([fake]) => generatorLoss(fake, game), zeros)).result[0]).toBeCloseTo(generator, 6);
  });

  it("hinge losses stop at the margin", async () => {
    const [x, target] = [vector(2, 0.5, -1), vector(1, 1, -1)];
    const hinge = await compute(([a, b]) => hingeLoss(a, b, { reduction: "none" }), x, target);
    expect(hinge.result).toEqual([0, 0.5, 0]);
    const embedded = await compute(([a, b]) => hingeEmbeddingLoss(a, b, { reduction: "sum" }), x, target);
    expect(embedded.result).toEqual([2 + 0.5 + 2]);
  });

  it("perceptual loss weighs the distances of all feature maps", async () => {
    const features = (x: Tensor) => [x, x.affine(3)];
    const { result } = await compute(
      ([x, target]) => perceptualLoss(x, target, features, { weights: [1, 0.5] }),
      vector(1, 2),
      vector(0, 0),
    );
    expect(result).toEqual([2.5 + 0.5 * 9 * 2.5]);
  });

  it("names both shapes when labels do not fit", () => {
    const graph = new Graph();
    const logits = graph.source({ kind: "input", name: "x" }, [4, 3], "activation");
    const labels = graph.source({ kind: "input", name: "y" }, [3], "label", "i32");
    expect(() => crossEntropy(new Tensor(graph, logits), new Tensor(graph, labels))).toThrow(
      /\[4\].*\[4, 3\]/s,
    );
  });
});
