/**
 * Fully quantised training in 8-bit integers: nearest going forward, stochastic gradients.
 * Source: Chen et al. 2020, A Statistical Framework for Low-bitwidth Training of Deep Neural Networks (arXiv 2010.14298).
 */
import type { Scaling } from "../formats/format.ts";
import type { Recipe, RecipeChoice } from "../precision/recipe.ts";
import { scaledQuantizer } from "./quantizers.ts";

const PAPER = "Chen et al. 2020, A Statistical Framework for Low-bitwidth Training of Deep Neural Networks";

function int8With(name: string, summary: string, gradients: Scaling, gradientChoice: RecipeChoice): Recipe {
  const forward = scaledQuantizer("int8", "nearestEven", { scaling: { rule: "symmetric" } });
  return {
    name,
    paper: PAPER,
    summary,
    policy: {
      rules: [
        { roles: ["input", "weight"], quantizer: forward },
        { roles: ["gradOutput"], quantizer: scaledQuantizer("int8", "stochastic", { scaling: gradients }) },
      ],
    },
    lossScaling: { kind: "none" },
    choices: [
      {
        what: "weights and activations in GEMMs",
        setting: "int8, symmetric, one scale per tensor, nearestEven",
        basis: "ours",
        from: "The paper quantises them per tensor and deterministically, with a zero point; symmetric is the common choice",
      },
      gradientChoice,
      {
        what: "accumulator",
        setting: "fp32",
        basis: "ours",
        from: "Integers are multiplied as BF16 numbers, the sum is multiplied by both scales; the recipe int16 has integer arithmetic",
      },
      {
        what: "master weights, update, everything between GEMMs",
        setting: "fp32",
        basis: "recalled",
        from: "Only the operands of matrix products are quantised",
      },
    ],
  };
}

export const int8 = int8With(
  "int8",
  "8-bit integers in every GEMM, one scale per tensor, stochastic gradients",
  { rule: "symmetric" },
  {
    what: "gradients in GEMMs",
    setting: "int8, symmetric, one scale per tensor, stochastic",
    basis: "recalled",
    from: "PTQ: an unbiased quantiser with one scale per tensor (the paper's has a zero point)",
  },
);

export const int8PerSample = int8With(
  "int8-per-sample",
  "As int8, with a scale for each sample of a gradient",
  { rule: "symmetric", axis: 0 },
  {
    what: "gradients in GEMMs",
    setting: "int8, symmetric, one scale per sample, stochastic",
    basis: "recalled",
    from: "PSQ: a scale per row (sample) lowers the variance where samples differ in size",
  },
);
