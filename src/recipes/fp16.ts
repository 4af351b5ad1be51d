/**
 * FP16 mixed precision with dynamic loss scaling, and its control without.
 * Source: Micikevicius et al. 2017, Mixed Precision Training (arXiv 1710.03740).
 */
import type { LossScaling, Recipe, RecipeChoice } from "../precision/recipe.ts";
import { quantizer } from "./quantizers.ts";

const PAPER = "Micikevicius et al. 2017, Mixed Precision Training";

const FORMATS: readonly RecipeChoice[] = [
  {
    what: "weights, activations, errors, weight gradients",
    setting: "fp16, nearestEven",
    basis: "recalled",
    from: "Section 3: weights, activations and gradients are stored as FP16",
  },
  {
    what: "accumulator",
    setting: "fp32",
    basis: "recalled",
    from: "Section 3.3: FP16 products are accumulated into FP32",
  },
  {
    what: "master weights and update",
    setting: "fp32",
    basis: "recalled",
    from: "Section 3.1: an FP32 master copy of the weights is updated",
  },
  {
    what: "batch-norm statistics, softmax and loss",
    setting: "fp32",
    basis: "recalled",
    from: "Section 3.3: large reductions are carried out in FP32",
  },
];

function fp16With(name: string, summary: string, lossScaling: LossScaling, choice: RecipeChoice): Recipe {
  return {
    name,
    paper: PAPER,
    summary,
    policy: {
      rules: [
        {
          roles: ["input", "weight", "gradOutput", "activation", "error", "gradWeight"],
          quantizer: quantizer("fp16"),
        },
      ],
    },
    lossScaling,
    choices: [...FORMATS, choice],
  };
}

export const fp16 = fp16With(
  "fp16",
  "FP16 weights, activations, errors and gradients; FP32 master weights; dynamic loss scaling",
  { kind: "dynamic", initialScale: 65536, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 },
  {
    what: "loss scaling",
    setting: "dynamic: 65536 at first, halved on overflow, doubled after 2000 clean steps",
    basis: "recalled",
    from: "Section 3.2 (back-off on overflow, growth after N steps); the constants are those of PyTorch's GradScaler",
  },
);

export const fp16Unscaled = fp16With(
  "fp16-unscaled",
  "As fp16, without loss scaling",
  { kind: "none" },
  {
    what: "loss scaling",
    setting: "none",
    basis: "recalled",
    from: "Section 3.2: without scaling, small gradients become zero in FP16",
  },
);
