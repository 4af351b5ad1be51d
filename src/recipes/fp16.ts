/**
 * FP16 mixed precision with dynamic loss scaling, and its control without.
 * Source: Micikevicius et al. 2017, Mixed Precision Training (arXiv 1710.03740).
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRule } from "../precision/policy.ts";
import type { Recipe, RecipeChoice } from "../precision/recipe.ts";
import {
  DYNAMIC_SCALE,
  exemptLayers,
  lossScalingOf,
  rounding as roundingKind,
  SCALE_KINDS,
  type ScaleOptions,
} from "./option-kinds.ts";
import { type Configurable, configurable } from "./options.ts";
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

/** What can be chosen beside the formats. */
interface Fp16Options extends ScaleOptions {
  readonly rounding: Rounding;
  /** Layers left in FP32. */
  readonly exempt: readonly string[];
}

const VALUES: Fp16Options = { ...DYNAMIC_SCALE, scale: "dynamic", rounding: "nearestEven", exempt: [] };

const ROLES = ["input", "weight", "gradOutput", "activation", "error", "gradWeight"] as const;

function fp16With(name: string, summary: string, options: Fp16Options, scaling: RecipeChoice): Recipe {
  const exempt = options.exempt.map((path): PolicyRule => ({ path, roles: ROLES, quantizer: "fp32" }));
  return {
    name,
    paper: PAPER,
    summary,
    policy: { rules: [...exempt, { roles: ROLES, quantizer: quantizer("fp16", options.rounding) }] },
    lossScaling: lossScalingOf(options),
    choices: [...FORMATS, scaling],
  };
}

const SUMMARY = "FP16 weights, activations, errors and gradients; FP32 master weights";

export const fp16 = fp16With("fp16", `${SUMMARY}; dynamic loss scaling`, VALUES, {
  what: "loss scaling",
  setting: "dynamic: 65536 at first, halved on overflow, doubled after 2000 clean steps",
  basis: "recalled",
  from: "Section 3.2 (back-off on overflow, growth after N steps); the constants are those of PyTorch's GradScaler",
});

export const fp16Unscaled = fp16With(
  "fp16-unscaled",
  "As fp16, without loss scaling",
  { ...VALUES, scale: "none" },
  {
    what: "loss scaling",
    setting: "none",
    basis: "recalled",
    from: "Section 3.2: without scaling, small gradients become zero in FP16",
  },
);

/** `fp16` with another loss scaling or rounding, or with layers left out. */
export const FP16_CONFIGURABLE: Configurable = configurable<Fp16Options>("fp16", {
  kinds: { ...SCALE_KINDS, rounding: roundingKind, exempt: exemptLayers },
  values: VALUES,
  create: (name, options) =>
    fp16With(name, `${SUMMARY}; with the options of its name`, options, {
      what: "loss scaling",
      setting: String(options.scale),
      basis: "ours",
      from: "As chosen",
    }),
});
