/**
 * INT16 dynamic fixed point: integer GEMMs with INT32 accumulation.
 * Source: Das et al. 2018, Mixed Precision Training of CNNs using Integer Operations (arXiv 1802.00930).
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRole, PolicyRule } from "../precision/policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { exemptLayers, rounding as roundingKind } from "./option-kinds.ts";
import { type Configurable, configurable, orWord, wholeNumber } from "./options.ts";
import { quantizer } from "./quantizers.ts";

/** What can be chosen. */
interface Int16Options {
  readonly rounding: Rounding;
  /** Bits by which operands are shifted right beyond what their largest magnitude asks for: 16 − shift bits are used. */
  readonly shift: number;
  /** Products that are added in INT32 before the sum goes to FP32: as many as are proved safe, or so many and no proof. */
  readonly maxChain: number | "auto";
  /** Layers left in FP32. */
  readonly exempt: readonly string[];
}

const VALUES: Int16Options = { rounding: "nearestEven", shift: 0, maxChain: "auto", exempt: [] };

const OPERANDS: readonly PolicyRole[] = ["input", "weight", "gradOutput"];

const int16With = (name: string, { rounding, shift, maxChain, exempt }: Int16Options): Recipe => ({
  name,
  paper: "Das et al. 2018, Mixed Precision Training of CNNs using Integer Operations",
  summary:
    "INT16 dynamic-fixed-point operands in every GEMM, INT32 accumulation spilled to FP32, FP32 elsewhere",
  policy: {
    rules: [
      ...exempt.map((path): PolicyRule => ({ path, roles: OPERANDS, quantizer: "fp32" })),
      { roles: OPERANDS, quantizer: quantizer(`int${16 - shift}`, rounding, "saturate") },
    ],
    ...(maxChain !== "auto" && {
      accumulators: [
        ...exempt.map((path) => ({ path, accumulator: "fp32" }) as const),
        { accumulator: { kind: "int32Chain", chunk: maxChain } } as const,
      ],
    }),
  },
  lossScaling: { kind: "none" },
  choices: [
    {
      what: "operands of the forward, backward and weight-gradient GEMMs",
      setting: `int${16 - shift} with one shared exponent per tensor`,
      basis: "confirmed",
      from: "Abstract: INT16 tensors with a shared exponent, used in all three passes of convolution",
    },
    {
      what: "rounding",
      setting: `${rounding}, clamped to ±${2 ** (15 - shift) - 1}`,
      basis: "ours",
      from: "The paper names several roundings and does not say which gave its tables",
    },
    {
      what: "accumulator",
      setting:
        maxChain === "auto"
          ? "int32 chains, spilled to fp32 before they can overflow"
          : `int32 chains of ${maxChain} products, which wrap where they overflow, each added to fp32`,
      basis: "confirmed",
      from: "Abstract: INT32 accumulation with occasional FP32 accumulation to prevent overflow",
    },
    {
      what: "master weights, gradients of the update, batch norm, elementwise operations",
      setting: "fp32",
      basis: "confirmed",
      from: "Weights are kept and updated in FP32; batch norm and what is fused with it run in FP32",
    },
    {
      what: "first convolution and last layer",
      setting: exempt.length === 0 ? "as the others" : `fp32: ${exempt.join(", ")}`,
      basis: "ours",
      from: "The paper is unclear; quantising them is the harder test",
    },
  ],
});

export const int16 = int16With("int16", VALUES);

/** `int16` with another rounding, shifted operands or other chains, or with layers left out. */
export const INT16_CONFIGURABLE: Configurable = configurable<Int16Options>("int16", {
  kinds: {
    rounding: roundingKind,
    shift: wholeNumber(0, 12),
    maxChain: orWord("auto", wholeNumber(1, 2 ** 20)),
    exempt: exemptLayers,
  },
  values: VALUES,
  create: int16With,
});
