/**
 * BFLOAT16 mixed precision, with rounding and with truncation.
 * Source: Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training (arXiv 1905.12322).
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRule } from "../precision/policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { exemptLayers, rounding as roundingKind } from "./option-kinds.ts";
import { type Configurable, configurable } from "./options.ts";
import { quantizer } from "./quantizers.ts";

const PAPER = "Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training";

interface Bf16Options {
  readonly rounding: Rounding;
  /** Layers left in FP32. */
  readonly exempt: readonly string[];
}

interface Bf16Text {
  readonly name: string;
  readonly summary: string;
  readonly roundingNote: string;
}

const ROLES = ["input", "weight", "gradOutput", "activation", "error"] as const;

function bf16With({ name, summary, roundingNote }: Bf16Text, { rounding, exempt }: Bf16Options): Recipe {
  return {
    name,
    paper: PAPER,
    summary,
    policy: {
      rules: [
        ...exempt.map((path): PolicyRule => ({ path, roles: ROLES, quantizer: "fp32" })),
        { roles: ROLES, quantizer: quantizer("bf16", rounding) },
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

const NEAREST: Bf16Text = {
  name: "bf16",
  summary: "BF16 weights, activations and errors; FP32 accumulation and master weights",
  roundingNote: "Rounded to nearest even.",
};

const TRUNCATED: Bf16Text = {
  name: "bf16-truncate",
  summary: "As bf16, but the low bits are cut off",
  roundingNote: "Truncation is the paper's cheaper variant; it lost a little on recommenders.",
};

export const bf16 = bf16With(NEAREST, { rounding: "nearestEven", exempt: [] });
export const bf16Truncate = bf16With(TRUNCATED, { rounding: "towardZero", exempt: [] });

/** `bf16` with another rounding or with layers left out. */
export const BF16_CONFIGURABLE: Configurable = configurable<Bf16Options>("bf16", {
  kinds: { rounding: roundingKind, exempt: exemptLayers },
  values: { rounding: "nearestEven", exempt: [] },
  create: (name, options) =>
    bf16With(
      {
        name,
        summary: `${NEAREST.summary}; with the options of its name`,
        roundingNote: "Rounded as chosen.",
      },
      options,
    ),
});
