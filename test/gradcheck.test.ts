/** Every backward rule against central differences in FP64 on the reference kernels, over odd shapes. */
import { describe, expect, it } from "vitest";
import { backwardRules } from "../src/autodiff/backward-rules.ts";
import { type EvaluateF64, gradcheck } from "../src/autodiff/gradcheck.ts";
import { evaluate } from "../src/compile/evaluate.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { createReferenceKernels } from "../src/kernels/reference/kernel-set.ts";
import { elementwiseGradients } from "./gradcheck/elementwise.ts";
import { indexingGradients } from "./gradcheck/indexing.ts";
import { input } from "./gradcheck/inputs.ts";
import { lossGradients } from "./gradcheck/losses.ts";
import { movementGradients } from "./gradcheck/movement.ts";
import { normalizationGradients } from "./gradcheck/normalization.ts";
import { productGradients } from "./gradcheck/products.ts";
import { reductionGradients } from "./gradcheck/reductions.ts";
import { regularizationGradients } from "./gradcheck/regularization.ts";
import { sequenceGradients } from "./gradcheck/sequences.ts";
import { windowGradients } from "./gradcheck/windows.ts";

const kernels = createReferenceKernels({ precision: "f64" });
const evaluateF64: EvaluateF64 = (graph, feeds) => evaluate(graph, { kernels, feeds, precision: "f64" });

const cases = [
  ...elementwiseGradients,
  ...lossGradients,
  ...movementGradients,
  ...indexingGradients,
  ...reductionGradients,
  ...normalizationGradients,
  ...productGradients,
  ...sequenceGradients,
  ...regularizationGradients,
  ...windowGradients,
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
    const covered = new Set<string>(cases.map((entry) => entry.covers));
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
