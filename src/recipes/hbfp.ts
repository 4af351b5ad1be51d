/**
 * Hybrid block floating point: 8-bit BFP in every GEMM, weights kept in 16-bit BFP, floating point elsewhere.
 * Source: Drumond et al. 2018, Training DNNs with Hybrid Block Floating Point (arXiv 1804.01526), and its emulator.
 */
import type { Rounding } from "../formats/format.ts";
import type { PolicyRole, PolicyRule } from "../precision/policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { exemptLayers, rounding } from "./option-kinds.ts";
import { type Configurable, configurable, orWord, wholeNumber } from "./options.ts";
import { scaledQuantizer } from "./quantizers.ts";

/** What can be chosen. */
interface HbfpOptions {
  /** Bits of an operand's element, the sign included, and of the master weights'. */
  readonly bits: number;
  readonly wide: number | "fp32";
  /** Rows and columns of a tile. */
  readonly tile: number;
  readonly errors: Rounding;
  /** Layers whose operands stay FP32. */
  readonly exempt: readonly string[];
}

const VALUES: HbfpOptions = { bits: 8, wide: 16, tile: 24, errors: "nearestEven", exempt: [] };

const KINDS = {
  bits: wholeNumber(2, 24),
  wide: orWord("fp32", wholeNumber(2, 24)),
  tile: wholeNumber(1, 1024),
  errors: rounding,
  exempt: exemptLayers,
};

const OPERANDS: readonly PolicyRole[] = ["weight", "input", "gradOutput"];

const hbfpWith = (name: string, { bits, wide, tile, errors, exempt }: HbfpOptions): Recipe => ({
  name,
  paper: "Drumond et al. 2018, Training DNNs with Hybrid Block Floating Point",
  summary:
    "8-bit block floating point in every GEMM, 16-bit block floating point master weights, FP32 elsewhere",
  policy: {
    rules: [
      {
        roles: ["masterWeight"],
        quantizer: wide === "fp32" ? wide : scaledQuantizer(`bfp${wide}t${tile}x${tile}`),
      },
      ...exempt.map((path): PolicyRule => ({ path, roles: OPERANDS, quantizer: "fp32" })),
      { roles: ["weight", "input"], quantizer: scaledQuantizer(`bfp${bits}t${tile}x${tile}`) },
      { roles: ["gradOutput"], quantizer: scaledQuantizer(`bfp${bits}t${tile}x${tile}`, errors) },
    ],
  },
  lossScaling: { kind: "none" },
  choices: [
    {
      what: "operands of GEMMs",
      setting: `${bits - 1} bits and a sign, one exponent per tile of ${tile} × ${tile}`,
      basis: "confirmed",
      from: "The emulator's scripts: 7 bits without the sign, tiles of 24; it tiles weights, activations and gradients alike",
    },
    {
      what: "master weights",
      setting: wide === "fp32" ? wide : `${wide} bits, the same tiles`,
      basis: "confirmed",
      from: "The emulator's optimizer keeps a wide copy (8/16) and derives the narrow one from it",
    },
    {
      what: "shared exponent",
      setting: "floor",
      basis: "ours",
      from: "The emulator's ⌈log2 amax⌉ is the same but where amax is a power of two, which it then clamps",
    },
    {
      what: "rounding",
      setting: `nearestEven, errors ${errors}`,
      basis: "ours",
      from: "The emulator offers nearest and stochastic",
    },
    {
      what: "accumulator, batch norm, activations, loss, update arithmetic",
      setting: "fp32",
      basis: "confirmed",
      from: "Abstract: BFP for dot products, floating point for all other operations",
    },
    {
      what: "layers whose operands stay fp32",
      setting: exemptLayers.print(exempt),
      basis: "recalled",
      from: "All dot products are BFP",
    },
  ],
});

export const hbfp8 = hbfpWith("hbfp8", VALUES);

export const HBFP_CONFIGURABLE: Configurable = configurable("hbfp8", {
  kinds: KINDS,
  values: VALUES,
  create: hbfpWith,
});
