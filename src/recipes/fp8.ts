/**
 * FP8 (E5M2) training with FP16 master weights, and its control without loss scaling.
 * Source: Mellempudi et al. 2019, Mixed Precision Training With 8-bit Floating Point (arXiv 1905.12334); formats and
 * roundings confirmed in the first author's emulation toolkit.
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRule } from "../precision/policy.ts";
import type { LossScaling, Recipe, RecipeChoice } from "../precision/recipe.ts";
import { quantizer } from "./quantizers.ts";

const PAPER = "Mellempudi et al. 2019, Mixed Precision Training With 8-bit Floating Point";

/** The exempt layers keep 16 bits in every tensor of theirs. */
const exempt = (path: string): PolicyRule => ({
  path,
  roles: ["input", "weight", "gradOutput", "activation", "error", "gradWeight"],
  quantizer: quantizer("fp16"),
});

const rules = (errorRounding: Rounding): readonly PolicyRule[] => [
  { roles: ["masterWeight"], quantizer: quantizer("fp16", "stochastic") },
  exempt("@firstGemm"),
  exempt("@lastGemm"),
  { roles: ["input", "weight", "activation"], quantizer: quantizer("e5m2") },
  { roles: ["gradOutput", "error", "gradWeight"], quantizer: quantizer("e5m2", errorRounding) },
];

const CHOICES: readonly RecipeChoice[] = [
  {
    what: "weights and activations",
    setting: "e5m2, nearestEven",
    basis: "confirmed",
    from: "Abstract: FP8 for weights and activations; the toolkit rounds them to nearest even",
  },
  {
    what: "errors and weight gradients",
    setting: "e5m2, stochastic",
    basis: "confirmed",
    from: "Abstract: FP8 for errors and gradients, stochastic rounding; the toolkit rounds gradients stochastically",
  },
  {
    what: "accumulator",
    setting: "fp32, results rounded to e5m2 once",
    basis: "confirmed",
    from: "The toolkit accumulates in FP32 and converts the result",
  },
  {
    what: "master weights",
    setting: "fp16, stochastic",
    basis: "confirmed",
    from: "Abstract: the master copy shrinks from 32 to 16 bits; the toolkit rounds it stochastically",
  },
  {
    what: "optimizer arithmetic and momentum",
    setting: "fp32",
    basis: "recalled",
    from: "The update reads the FP16 master, computes in FP32 and writes back FP16",
  },
  {
    what: "first convolution and last layer",
    setting: "fp16",
    basis: "confirmed",
    from: "The toolkit exempts the first convolution, its norm and the last fully connected layer",
  },
  {
    what: "batch-norm parameters and statistics, loss",
    setting: "fp32",
    basis: "ours",
    from: "Not stated; as in the other mixed-precision papers",
  },
];

interface Variant {
  readonly name: string;
  readonly summary: string;
  readonly lossScaling: LossScaling;
  readonly scaling: Omit<RecipeChoice, "what">;
  readonly errorRounding?: Rounding;
}

function fp8With({ name, summary, lossScaling, scaling, errorRounding = "stochastic" }: Variant): Recipe {
  const choices = errorRounding === "stochastic" ? CHOICES : CHOICES.map(nearestErrors);
  return {
    name,
    paper: PAPER,
    summary,
    policy: { rules: rules(errorRounding) },
    lossScaling,
    choices: [...choices, { what: "loss scaling", ...scaling }],
  };
}

const ERRORS = "errors and weight gradients";

function nearestErrors(choice: RecipeChoice): RecipeChoice {
  if (choice.what !== ERRORS) return choice;
  const from = "The paper's first set-up, before it adds stochastic rounding";
  return { what: ERRORS, setting: "e5m2, nearestEven", basis: "recalled", from };
}

const SCALED: LossScaling = { kind: "constant", scale: 10000 };
const SCALED_CHOICE = {
  setting: "constant 10000",
  basis: "recalled",
  from: "ResNet-50 needs 10000 in FP8; 1000, which is enough for FP16, fails to converge",
} as const;
const UNSCALED_CHOICE = {
  setting: "none",
  basis: "recalled",
  from: "Control: E5M2's smallest value is 2⁻¹⁶, so small errors are lost without scaling",
} as const;

export const fp8 = fp8With({
  name: "fp8",
  summary: "E5M2 weights, activations, errors and gradients; FP16 master weights; loss scale 10000",
  lossScaling: SCALED,
  scaling: SCALED_CHOICE,
});

export const fp8Nearest = fp8With({
  name: "fp8-nearest",
  summary: "As fp8, with errors and gradients rounded to nearest even: the paper's first set-up",
  lossScaling: SCALED,
  scaling: SCALED_CHOICE,
  errorRounding: "nearestEven",
});

/** The paper's finding about loss scaling precedes its stochastic rounding, so the control rounds to nearest. */
export const fp8Unscaled = fp8With({
  name: "fp8-unscaled",
  summary: "As fp8-nearest, without loss scaling: neither of the paper's two remedies",
  lossScaling: { kind: "none" },
  scaling: UNSCALED_CHOICE,
  errorRounding: "nearestEven",
});

export const fp8StochasticUnscaled = fp8With({
  name: "fp8-stochastic-unscaled",
  summary: "As fp8, without loss scaling: stochastic rounding has to keep the small errors alive alone",
  lossScaling: { kind: "none" },
  scaling: UNSCALED_CHOICE,
});
