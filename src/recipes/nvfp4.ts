/**
 * NVFP4: four-bit elements, an E4M3 scale per 16 and an FP32 scale per tensor, stochastic gradients.
 * Source: NVIDIA 2025, Pretraining Large Language Models with NVFP4 (arXiv 2509.25149); formats and roundings as in
 * TransformerEngine. Its random Hadamard transform in front of the weight gradient is left out.
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRule } from "../precision/policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { exemptLayers, rounding } from "./option-kinds.ts";
import { type Configurable, configurable } from "./options.ts";
import { quantizer, scaledQuantizer } from "./quantizers.ts";

/** What can be chosen. */
interface Nvfp4Options {
  readonly errors: Rounding;
  /** Layers whose operands are BF16. */
  readonly exempt: readonly string[];
}

const VALUES: Nvfp4Options = { errors: "stochastic", exempt: ["@firstGemm", "@lastGemm"] };

const inBf16 = (path: string): PolicyRule => ({
  path,
  roles: ["input", "weight", "gradOutput"],
  quantizer: quantizer("bf16"),
});

const nvfp4With = (name: string, { errors, exempt }: Nvfp4Options): Recipe => ({
  name,
  paper: "NVIDIA 2025, Pretraining Large Language Models with NVFP4",
  summary:
    "NVFP4 in every GEMM but the first and last, stochastic gradients; BF16 between GEMMs, FP32 master weights",
  policy: {
    rules: [
      ...exempt.map(inBf16),
      { roles: ["weight"], quantizer: scaledQuantizer("nvfp4t16x16") },
      { roles: ["input"], quantizer: scaledQuantizer("nvfp4") },
      { roles: ["gradOutput"], quantizer: scaledQuantizer("nvfp4", errors) },
      { roles: ["activation", "error"], quantizer: quantizer("bf16") },
    ],
  },
  lossScaling: { kind: "none" },
  choices: [
    {
      what: "weights",
      setting: "tiles of 16 × 16, nearestEven",
      basis: "confirmed",
      from: "TransformerEngine: two-dimensional scales, so that both passes see one quantised weight",
    },
    {
      what: "activations",
      setting: "blocks of 16 along the summed axis, nearestEven",
      basis: "confirmed",
      from: "TransformerEngine: 1 × 16 scales for everything but weights",
    },
    {
      what: "errors",
      setting: `blocks of 16 along the summed axis, ${errors}`,
      basis: "confirmed",
      from: "TransformerEngine: stochastic rounding of gradients only",
    },
    {
      what: "random Hadamard transform of the operands of weight gradients",
      setting: "left out",
      basis: "ours",
      from: "The paper spreads outliers over 16 elements with it; it is not built here",
    },
    {
      what: "layers whose operands are BF16",
      setting: exemptLayers.print(exempt),
      basis: "ours",
      from: "The first and last here; the paper keeps a few sensitive layers, most of them at the end, in BF16",
    },
    {
      what: "stored activations and errors",
      setting: "bf16",
      basis: "recalled",
      from: "Tensors between linear layers are BF16",
    },
    {
      what: "accumulator, master weights, update, loss",
      setting: "fp32",
      basis: "recalled",
      from: "FP32 accumulation and master weights",
    },
  ],
});

export const nvfp4 = nvfp4With("nvfp4", VALUES);

export const NVFP4_CONFIGURABLE: Configurable = configurable("nvfp4", {
  kinds: { errors: rounding, exempt: exemptLayers },
  values: VALUES,
  create: nvfp4With,
});
