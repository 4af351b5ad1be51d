/**
 * FP8 (E5M2) training with FP16 master weights, its controls, and every choice of it as an option.
 * Source: Mellempudi et al. 2019, Mixed Precision Training With 8-bit Floating Point (arXiv 1905.12334); formats and
 * roundings confirmed in the first author's emulation toolkit.
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRule } from "../precision/policy.ts";
import type { Recipe, RecipeChoice } from "../precision/recipe.ts";
import {
  DYNAMIC_SCALE,
  exemptLayers,
  lossScalingOf,
  rounding,
  SCALE_KINDS,
  type ScaleOptions,
} from "./option-kinds.ts";
import { type Configurable, configurable, type OptionKinds, word } from "./options.ts";
import { quantizer } from "./quantizers.ts";

const PAPER = "Mellempudi et al. 2019, Mixed Precision Training With 8-bit Floating Point";

/** What can be chosen; each rounding is of one role. */
interface Fp8Options extends ScaleOptions {
  readonly weights: Rounding;
  readonly activations: Rounding;
  readonly errors: Rounding;
  readonly gradients: Rounding;
  readonly master: "fp16" | "bf16" | "fp32";
  readonly masterRounding: Rounding;
  /** Layers that keep 16 bits in every tensor of theirs. */
  readonly exempt: readonly string[];
}

const KINDS: OptionKinds<Fp8Options> = {
  ...SCALE_KINDS,
  weights: rounding,
  activations: rounding,
  errors: rounding,
  gradients: rounding,
  master: word(["fp16", "bf16", "fp32"]),
  masterRounding: rounding,
  exempt: exemptLayers,
};

/** The paper's final set-up for convolutional networks. */
const FINAL: Fp8Options = {
  ...DYNAMIC_SCALE,
  scale: 10000,
  weights: "nearestEven",
  activations: "nearestEven",
  errors: "stochastic",
  gradients: "stochastic",
  master: "fp16",
  masterRounding: "stochastic",
  exempt: ["@firstGemm", "@lastGemm"],
};

/** The set-up in which the paper found what loss scaling is for, before it adds stochastic rounding. */
const NEAREST = { errors: "nearestEven", gradients: "nearestEven" } as const;

function rules(options: Fp8Options): readonly PolicyRule[] {
  const { master, masterRounding } = options;
  const exempt = (path: string): PolicyRule => ({
    path,
    roles: ["input", "weight", "gradOutput", "activation", "error", "gradWeight"],
    quantizer: quantizer("fp16"),
  });
  return [
    { roles: ["masterWeight"], quantizer: master === "fp32" ? "fp32" : quantizer(master, masterRounding) },
    ...options.exempt.map(exempt),
    { roles: ["weight"], quantizer: quantizer("e5m2", options.weights) },
    { roles: ["input", "activation"], quantizer: quantizer("e5m2", options.activations) },
    { roles: ["gradOutput", "error"], quantizer: quantizer("e5m2", options.errors) },
    { roles: ["gradWeight"], quantizer: quantizer("e5m2", options.gradients) },
  ];
}

/** The choices that no option moves. */
const FIXED: readonly RecipeChoice[] = [
  {
    what: "accumulator",
    setting: "fp32, results rounded to e5m2 once",
    basis: "confirmed",
    from: "The toolkit accumulates in FP32 and converts the result",
  },
  {
    what: "optimizer arithmetic and momentum",
    setting: "fp32",
    basis: "recalled",
    from: "The update reads the FP16 master, computes in FP32 and writes back FP16",
  },
  {
    what: "batch-norm parameters and statistics, loss",
    setting: "fp32",
    basis: "ours",
    from: "Not stated; as in the other mixed-precision papers",
  },
];

/** Where the paper's own values come from; what differs from them is a choice of whoever set the option. */
const SOURCES: Readonly<Record<string, Omit<RecipeChoice, "setting">>> = {
  weights: {
    what: "weights, e5m2",
    basis: "confirmed",
    from: "Abstract: FP8 for weights; the toolkit rounds them to nearest even",
  },
  activations: {
    what: "activations, e5m2",
    basis: "confirmed",
    from: "Abstract: FP8 for activations; the toolkit rounds them to nearest even",
  },
  errors: {
    what: "errors, e5m2",
    basis: "confirmed",
    from: "Abstract: FP8 for errors, stochastic rounding",
  },
  gradients: {
    what: "weight gradients, e5m2",
    basis: "confirmed",
    from: "Abstract: FP8 for gradients; the toolkit rounds them stochastically",
  },
  master: {
    what: "master weights",
    basis: "confirmed",
    from: "Abstract: the master copy shrinks from 32 to 16 bits",
  },
  masterRounding: {
    what: "rounding of the master weights",
    basis: "confirmed",
    from: "The toolkit rounds the FP16 master copy stochastically",
  },
  exempt: {
    what: "layers kept in fp16",
    basis: "confirmed",
    from: "The toolkit exempts the first convolution, its norm and the last fully connected layer",
  },
  scale: {
    what: "loss scaling",
    basis: "recalled",
    from: "ResNet-50 needs 10000 in FP8; 1000, which is enough for FP16, fails to converge",
  },
  initial: { what: "first dynamic scale", basis: "ours", from: "As PyTorch's GradScaler" },
  interval: {
    what: "clean steps before a dynamic scale grows",
    basis: "ours",
    from: "As PyTorch's GradScaler",
  },
  floor: {
    what: "floor of a dynamic scale",
    basis: "recalled",
    from: "The paper's translation models: 8192 from about step 40,000, 32768 from about 150,000",
  },
};

const ONLY_DYNAMIC = ["initial", "interval", "floor"];

function choices(options: Fp8Options): readonly RecipeChoice[] {
  const names = Object.keys(KINDS) as (keyof Fp8Options)[];
  const shown = names.filter((name) => options.scale === "dynamic" || !ONLY_DYNAMIC.includes(name));
  const chosen = shown.map((name): RecipeChoice => {
    const print = (from: Fp8Options) => (KINDS[name].print as (value: unknown) => string)(from[name]);
    const setting = print(options);
    if (setting === print(FINAL)) return { ...SOURCES[name], setting };
    const { what } = SOURCES[name];
    return {
      what,
      setting,
      basis: "ours",
      from: `Changed from the paper's ${print(FINAL)}: ${SOURCES[name].from}`,
    };
  });
  return [...chosen, ...FIXED];
}

function create(name: string, summary: string, options: Fp8Options): Recipe {
  return {
    name,
    paper: PAPER,
    summary,
    policy: { rules: rules(options) },
    lossScaling: lossScalingOf(options),
    choices: choices(options),
  };
}

interface Variant {
  readonly name: string;
  readonly summary: string;
  readonly options?: Partial<Fp8Options>;
}

function variant({ name, summary, options = {} }: Variant): { recipe: Recipe; options: Configurable } {
  const values = { ...FINAL, ...options };
  const form = {
    kinds: KINDS,
    values,
    create: (full: string, chosen: Fp8Options) =>
      create(full, `${summary}; with the options of its name`, chosen),
  };
  return { recipe: create(name, summary, values), options: configurable(name, form) };
}

const VARIANTS = {
  fp8: variant({
    name: "fp8",
    summary: "E5M2 weights, activations, errors and gradients; FP16 master weights; loss scale 10000",
  }),
  nearest: variant({
    name: "fp8-nearest",
    summary: "As fp8, with errors and gradients rounded to nearest even: the paper's first set-up",
    options: NEAREST,
  }),
  // The paper's finding about loss scaling precedes its stochastic rounding, so the control rounds to nearest.
  unscaled: variant({
    name: "fp8-unscaled",
    summary: "As fp8-nearest, without loss scaling: neither of the paper's two remedies",
    options: { ...NEAREST, scale: "none" },
  }),
  stochasticUnscaled: variant({
    name: "fp8-stochastic-unscaled",
    summary: "As fp8, without loss scaling: stochastic rounding has to keep the small errors alive alone",
    options: { scale: "none" },
  }),
};

export const fp8 = VARIANTS.fp8.recipe;
export const fp8Nearest = VARIANTS.nearest.recipe;
export const fp8Unscaled = VARIANTS.unscaled.recipe;
export const fp8StochasticUnscaled = VARIANTS.stochasticUnscaled.recipe;

/** The same with options. */
export const FP8_CONFIGURABLE: readonly Configurable[] = Object.values(VARIANTS).map(
  ({ options }) => options,
);
