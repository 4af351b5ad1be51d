/**
 * A recipe in words for the report, worked out from the policy that the training used, so that the report cannot say
 * one thing and the run do another. Only where each choice comes from is taken from the recipe's own notes.
 */
import type { Quantizer } from "../graph/primitives.ts";
import type { Gemm, PolicyRole } from "../precision/policy.ts";
import { quantizerFor } from "../precision/policy.ts";
import type { LossScaling, Recipe, RecipeChoice } from "../precision/recipe.ts";
import type { Variant } from "./spec.ts";

/** A recipe's settings in the order to be shown, and the source of each choice. */
export interface RecipeDescription {
  readonly recipe: string;
  readonly paper: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Absent: nothing is known of where the settings come from. */
  readonly choices?: readonly RecipeChoice[];
}

/** The roles in the order of a training step, with their names in the report; operands are read by GEMMs. */
const ROLES: readonly {
  readonly role: PolicyRole;
  readonly title: string;
  readonly gemms?: readonly Gemm[];
}[] = [
  { role: "input", title: "GEMM inputs", gemms: ["output", "gradWeight"] },
  { role: "weight", title: "GEMM weights", gemms: ["output", "gradInput"] },
  { role: "gradOutput", title: "GEMM gradients", gemms: ["gradInput", "gradWeight"] },
  { role: "activation", title: "stored activations" },
  { role: "error", title: "stored errors" },
  { role: "gradWeight", title: "weight gradients" },
  { role: "gradBias", title: "bias gradients" },
  { role: "masterWeight", title: "master weights" },
  { role: "masterBias", title: "master biases" },
  { role: "optimizerState", title: "optimizer state" },
];

/** A module path that no rule names: what holds there holds for every layer without an exemption. */
const ANY_LAYER = { path: "", anchors: { firstGemm: "first", lastGemm: "last" } };

/** Formats per role, exemptions and loss scale of `recipe`, and what else a study's variant of it changes. */
export function describeRecipe(recipe: Recipe, variant: Partial<Variant> = {}): RecipeDescription {
  const settings = ROLES.map(({ role, title, gemms }) => [title, roleText(recipe, role, gemms)] as const);
  return {
    recipe: recipe.name,
    paper: recipe.paper,
    settings: {
      ...Object.fromEntries(settings),
      "exempt layers": exemptText(recipe),
      "loss scale": lossScaleText(recipe.lossScaling),
      ...(variant.batchOrder && { "order in a batch": variant.batchOrder }),
      ...(variant.seedOffset && { seeds: `${variant.seedOffset} higher` }),
    },
    choices: recipe.choices,
  };
}

function roleText({ policy }: Recipe, role: PolicyRole, gemms: readonly Gemm[] | undefined): string {
  const at = (gemm?: Gemm) => quantizerText(quantizerFor(policy, role, { ...ANY_LAYER, gemm }));
  if (gemms === undefined) return at();
  const texts = gemms.map((gemm) => at(gemm));
  if (texts.every((text) => text === texts[0])) return texts[0];
  return gemms.map((gemm, i) => `${texts[i]} (${gemm})`).join("; ");
}

/** Rules that name a path, one after the other: `@firstGemm: fp16 (input, weight …)`. */
function exemptText({ policy }: Recipe): string {
  const exempt = policy.rules.filter((rule) => rule.path !== undefined && rule.path !== "**");
  if (exempt.length === 0) return "none";
  return exempt
    .map(({ path, roles, quantizer }) => {
      const text = quantizer === "fp32" ? "fp32" : quantizerText(quantizer);
      return `${pathText(path ?? "")}: ${text} for ${roles.join(", ")}`;
    })
    .join("; ");
}

function pathText(path: string): string {
  if (path === "@firstGemm") return "first layer";
  return path === "@lastGemm" ? "last layer" : path;
}

/** `bf16`, `e5m2, stochastic`, `fp16, saturate`: what is not ordinary is said. */
function quantizerText(quantizer: Quantizer | undefined): string {
  if (quantizer === undefined) return "fp32";
  const { format, rounding, overflow, scaleRule, scaling } = quantizer;
  const clamps = format.kind === "float" && overflow !== "infinity";
  const axis = scaling?.axis === undefined ? "" : ` per index of axis ${scaling.axis}`;
  const scale = scaling === undefined ? (scaleRule ?? "") : `${scaling.rule}${axis}`;
  return [format.name, rounding, clamps ? `overflow ${overflow}` : "", scale]
    .filter((part) => part !== "")
    .join(", ");
}

function lossScaleText(scaling: LossScaling): string {
  switch (scaling.kind) {
    case "none":
      return "none";
    case "constant":
      return `constant ${scaling.scale}`;
    case "dynamic":
      return `dynamic from ${scaling.initialScale}; ×${scaling.backoffFactor} on overflow, ×${scaling.growthFactor} after ${scaling.growthInterval} clean steps${floorText(scaling)}`;
  }
}

function floorText({ floor = [] }: LossScaling & { readonly kind: "dynamic" }): string {
  return floor.map(({ scale, fromStep }) => `; at least ${scale} from step ${fromStep}`).join("");
}
