/**
 * 16-bit-FPU training: every tensor is BF16, the weights too. With nearest rounding small updates are cancelled; with
 * stochastic rounding of the update they survive on average.
 * Source: Zamirai et al. 2020, Revisiting BFloat16 Training (arXiv 2010.06192).
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRole } from "../precision/policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { quantizer } from "./quantizers.ts";

const EVERY_OTHER_ROLE: readonly PolicyRole[] = [
  "input",
  "weight",
  "gradOutput",
  "activation",
  "error",
  "gradWeight",
  "gradBias",
  "optimizerState",
];

function pure(name: string, summary: string, update: Rounding, updateNote: string): Recipe {
  return {
    name,
    paper: "Zamirai et al. 2020, Revisiting BFloat16 Training",
    summary,
    policy: {
      rules: [
        { roles: ["masterWeight", "masterBias"], quantizer: quantizer("bf16", update) },
        { roles: EVERY_OTHER_ROLE, quantizer: quantizer("bf16") },
      ],
    },
    lossScaling: { kind: "none" },
    choices: [
      {
        what: "every tensor between operators",
        setting: "bf16, nearestEven",
        basis: "recalled",
        from: "Only 16-bit units: every operator reads and writes BF16, accumulates wide inside and rounds its output",
      },
      {
        what: "weights after the update (no FP32 master copy)",
        setting: `bf16, ${update}`,
        basis: "confirmed",
        from: updateNote,
      },
      {
        what: "batch-norm statistics and the loss, inside their operators",
        setting: "fp32",
        basis: "ours",
        from: "Operators compute in FP32 inside; only what they store is BF16",
      },
    ],
  };
}

export const bf16Pure = pure(
  "bf16-pure",
  "BF16 everywhere, weights updated in BF16 with nearest rounding: the paper's failing baseline",
  "nearestEven",
  "Abstract: nearest rounding of weight updates cancels small updates and degrades convergence",
);

export const bf16PureStochastic = pure(
  "bf16-pure-stochastic",
  "BF16 everywhere, weights updated with stochastic rounding",
  "stochastic",
  "Abstract: stochastic rounding of the weight update recovers the accuracy",
);
