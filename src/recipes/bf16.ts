/**
 * BFLOAT16 mixed precision, with rounding and with truncation.
 * Source: Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training (arXiv 1905.12322).
 */
import type { Rounding } from "../formats/format.ts";
import type { Recipe } from "../precision/recipe.ts";
import { quantizer } from "./quantizers.ts";

const PAPER = "Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training";

function bf16With(name: string, summary: string, rounding: Rounding, roundingNote: string): Recipe {
  return {
    name,
    paper: PAPER,
    summary,
    policy: {
      rules: [
        {
          roles: ["input", "weight", "gradOutput", "activation", "error"],
          quantizer: quantizer("bf16", rounding),
        },
      ],
    },
    lossScaling: { kind: "none" },
    choices: [
      {
        what: "weights, activations, errors",
        setting: `bf16, ${rounding}`,
        basis: "confirmed",
        from: `Abstract: tensors are emulated in BFLOAT16 for all of forward and backward. ${roundingNote}`,
      },
      {
        what: "accumulator",
        setting: "fp32",
        basis: "confirmed",
        from: "Abstract: BFLOAT16 multiplies with FP32 accumulation",
      },
      {
        what: "master weights and update",
        setting: "fp32",
        basis: "confirmed",
        from: "The weight update is done in FP32 on an FP32 master copy",
      },
      {
        what: "weight gradients, biases, norm parameters and statistics",
        setting: "fp32",
        basis: "recalled",
        from: "Weight gradients leave the GEMM in FP32; biases and batch norm stay in FP32",
      },
      {
        what: "loss scaling",
        setting: "none",
        basis: "confirmed",
        from: "Same range as FP32, so no loss scaling and no change of hyper-parameters",
      },
    ],
  };
}

export const bf16 = bf16With(
  "bf16",
  "BF16 weights, activations and errors; FP32 accumulation and master weights",
  "nearestEven",
  "Rounded to nearest even.",
);

export const bf16Truncate = bf16With(
  "bf16-truncate",
  "As bf16, but the low bits are cut off",
  "towardZero",
  "Truncation is the paper's cheaper variant; it lost a little on recommenders.",
);
