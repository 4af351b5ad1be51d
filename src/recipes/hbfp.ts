/**
 * Hybrid block floating point: 8-bit BFP in every GEMM, weights kept in 16-bit BFP, floating point elsewhere.
 * Source: Drumond et al. 2018, Training DNNs with Hybrid Block Floating Point (arXiv 1804.01526), and its emulator.
 */
import type { Recipe } from "../precision/recipe.ts";
import { scaledQuantizer } from "./quantizers.ts";

export const hbfp8: Recipe = {
  name: "hbfp8",
  paper: "Drumond et al. 2018, Training DNNs with Hybrid Block Floating Point",
  summary:
    "8-bit block floating point in every GEMM, 16-bit block floating point master weights, FP32 elsewhere",
  policy: {
    rules: [
      { roles: ["masterWeight"], quantizer: scaledQuantizer("bfp16") },
      { roles: ["weight", "input", "gradOutput"], quantizer: scaledQuantizer("bfp8") },
    ],
  },
  lossScaling: { kind: "none" },
  choices: [
    {
      what: "operands of GEMMs",
      setting: "bfp8: 7 bits and a sign, one exponent per tile of 24 × 24",
      basis: "confirmed",
      from: "The emulator's scripts: 7 bits without the sign, tiles of 24; it tiles weights, activations and gradients alike",
    },
    {
      what: "master weights",
      setting: "bfp16, the same tiles",
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
      setting: "nearestEven",
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
      what: "first convolution and last layer",
      setting: "as the others",
      basis: "recalled",
      from: "All dot products are BFP",
    },
  ],
};
