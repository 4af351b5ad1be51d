/**
 * Microscaling (OCP MX): blocks of 32 elements under a power of two, in all three GEMMs of a layer. Every operand is
 * quantised along the axis that its GEMM sums over, so activations, weights and gradients are quantised twice each.
 * Sources: Rouhani et al. 2023, Microscaling Data Formats for Deep Learning (arXiv 2310.10537); Mishra et al. 2025, Recipes
 * for Pre-training LLMs with MXFP8 (arXiv 2506.08027). Both from memory.
 */
import { type Rounding, SCALE_RULES, type ScaleRule } from "../formats/format.ts";
import type { PolicyRole, PolicyRule } from "../precision/policy.ts";
import type { Recipe, RecipeChoice } from "../precision/recipe.ts";
import { exemptLayers, rounding } from "./option-kinds.ts";
import { type Configurable, configurable, word } from "./options.ts";
import { quantizer, scaledQuantizer } from "./quantizers.ts";

const ROUHANI = "Rouhani et al. 2023, Microscaling Data Formats for Deep Learning";
const MISHRA = "Mishra et al. 2025, Recipes for Pre-training LLMs with MXFP8";

interface Variant {
  readonly name: string;
  readonly paper: string;
  readonly summary: string;
  readonly weights: string;
  readonly activations: string;
  readonly errors: string;
  readonly scaleRule: ScaleRule;
  readonly formats: Pick<RecipeChoice, "basis" | "from">;
  readonly scale: Pick<RecipeChoice, "basis" | "from">;
}

/** What can be chosen. */
interface MxOptions {
  readonly scaleRule: ScaleRule;
  readonly weights: Rounding;
  readonly activations: Rounding;
  readonly errors: Rounding;
  /** Layers whose operands are BF16. */
  readonly exempt: readonly string[];
}

const KINDS = {
  scaleRule: word(SCALE_RULES),
  weights: rounding,
  activations: rounding,
  errors: rounding,
  exempt: exemptLayers,
};

const OPERANDS: readonly PolicyRole[] = ["weight", "input", "gradOutput"];

const own = ({ scaleRule }: Variant): MxOptions => ({
  scaleRule,
  weights: "nearestEven",
  activations: "nearestEven",
  errors: "nearestEven",
  exempt: [],
});

function mx(variant: Variant): Recipe {
  return mxWith(variant, variant.name, own(variant));
}

function mxConfigurable(variant: Variant): Configurable {
  const create = (name: string, options: MxOptions) => mxWith(variant, name, options);
  return configurable(variant.name, { kinds: KINDS, values: own(variant), create });
}

function mxWith(variant: Variant, name: string, options: MxOptions): Recipe {
  const { paper, summary, weights, activations, errors } = variant;
  const { scaleRule, exempt } = options;
  const to = (format: string, mode: Rounding) => scaledQuantizer(format, mode, { scaleRule });
  return {
    name,
    paper,
    summary,
    policy: {
      rules: [
        ...exempt.map((path): PolicyRule => ({ path, roles: OPERANDS, quantizer: quantizer("bf16") })),
        { roles: ["weight"], quantizer: to(weights, options.weights) },
        { roles: ["input"], quantizer: to(activations, options.activations) },
        { roles: ["gradOutput"], quantizer: to(errors, options.errors) },
        { roles: ["activation", "error"], quantizer: quantizer("bf16") },
      ],
    },
    lossScaling: { kind: "none" },
    choices: [
      {
        what: "operands of GEMMs",
        setting: `weights ${weights}, activations ${activations}, errors ${errors}`,
        ...variant.formats,
      },
      { what: "scale of a block", setting: scaleRule, ...variant.scale },
      ...OTHERS,
      {
        what: "rounding of weights, activations, errors",
        setting: `${options.weights}, ${options.activations}, ${options.errors}`,
        basis: "recalled",
        from: "OCP MX 1.0 asks for nearestEven at least; the papers use it",
      },
      {
        what: "layers whose operands are BF16",
        setting: exemptLayers.print(exempt),
        basis: "ours",
        from: "None: quantising the first and the last layer is the harder test",
      },
    ],
  };
}

const OTHERS: readonly RecipeChoice[] = [
  {
    what: "blocks",
    setting: "along the summed axis of each GEMM; of convolutions: channels of a tap, weight gradient: batch",
    basis: "recalled",
    from: "Blocks follow the reduction, so a tensor is quantised along two axes; microxcaling takes the same axes",
  },
  {
    what: "stored activations and errors, operations between GEMMs",
    setting: "bf16, computed in fp32",
    basis: "recalled",
    from: "Both papers keep BF16 between GEMMs",
  },
  {
    what: "accumulator",
    setting: "fp32; products are exact",
    basis: "confirmed",
    from: "OCP MX 1.0: the dot product of two blocks has the products of the elements and of the scales",
  },
  {
    what: "master weights, weight gradients, optimizer, loss",
    setting: "fp32",
    basis: "recalled",
    from: "Both papers update FP32 weights; no loss scaling is needed with a scale per block",
  },
];

const FLOOR = {
  basis: "recalled",
  from: "OCP MX 1.0: the exponent of amax less that of the largest element",
} as const;

const MXFP8: Variant = {
  name: "mxfp8",
  paper: MISHRA,
  summary: "MXFP8 (E4M3 elements) in every GEMM, scales rounded up; BF16 between GEMMs, FP32 master weights",
  weights: "mxfp8e4m3",
  activations: "mxfp8e4m3",
  errors: "mxfp8e4m3",
  scaleRule: "roundUp",
  formats: { basis: "recalled", from: "E4M3 for weights, activations and gradients alike" },
  scale: {
    basis: "recalled",
    from: "Rounding scales up, so that nothing saturates, matches BF16; rounding down does not",
  },
};

const MXFP6: Variant = {
  name: "mxfp6",
  paper: ROUHANI,
  summary: "MXFP6 (E3M2 elements) in every GEMM; BF16 between GEMMs, FP32 master weights",
  weights: "mxfp6e3m2",
  activations: "mxfp6e3m2",
  errors: "mxfp6e3m2",
  scaleRule: "floor",
  formats: {
    basis: "recalled",
    from: "Generative models trained with MXFP6 weights, activations and gradients match FP32",
  },
  scale: FLOOR,
};

const MXFP4: Variant = {
  name: "mxfp4",
  paper: ROUHANI,
  summary: "MXFP4 weights and activations, MXFP8 (E5M2) errors; BF16 between GEMMs, FP32 master weights",
  weights: "mxfp4",
  activations: "mxfp4",
  errors: "mxfp8e5m2",
  scaleRule: "floor",
  formats: {
    basis: "ours",
    from: "Harder than the paper, which trains with MXFP4 weights and MXFP6 activations (recipe mxfp4-mxfp6)",
  },
  scale: FLOOR,
};

const MXFP4MXFP6: Variant = {
  name: "mxfp4-mxfp6",
  paper: ROUHANI,
  summary: "MXFP4 weights, MXFP6 (E3M2) activations and errors; BF16 between GEMMs, FP32 master weights",
  weights: "mxfp4",
  activations: "mxfp6e3m2",
  errors: "mxfp6e3m2",
  scaleRule: "floor",
  formats: {
    basis: "recalled",
    from: "Training with MXFP4 weights and MXFP6 activations and gradients loses little",
  },
  scale: FLOOR,
};

const MXINT8: Variant = {
  name: "mxint8",
  paper: ROUHANI,
  summary: "MXINT8 in every GEMM; BF16 between GEMMs, FP32 master weights",
  weights: "mxint8",
  activations: "mxint8",
  errors: "mxint8",
  scaleRule: "floor",
  formats: {
    basis: "ours",
    from: "The paper casts trained models to MXINT8; training in it is our extension",
  },
  scale: FLOOR,
};

export const mxfp8 = mx(MXFP8);
export const mxfp6 = mx(MXFP6);
export const mxfp4 = mx(MXFP4);
export const mxfp4Mxfp6 = mx(MXFP4MXFP6);
export const mxint8 = mx(MXINT8);

export const MX_CONFIGURABLE = [MXFP8, MXFP6, MXFP4, MXFP4MXFP6, MXINT8].map(mxConfigurable);
