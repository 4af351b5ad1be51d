/**
 * INT16 dynamic fixed point: integer GEMMs with INT32 accumulation.
 * Source: Das et al. 2018, Mixed Precision Training of CNNs using Integer Operations (arXiv 1802.00930).
 */
import type { Recipe } from "../precision/recipe.ts";
import { quantizer } from "./quantizers.ts";

export const int16: Recipe = {
  name: "int16",
  paper: "Das et al. 2018, Mixed Precision Training of CNNs using Integer Operations",
  summary:
    "INT16 dynamic-fixed-point operands in every GEMM, INT32 accumulation spilled to FP32, FP32 elsewhere",
  policy: {
    rules: [
      { roles: ["input", "weight", "gradOutput"], quantizer: quantizer("int16", "nearestEven", "saturate") },
    ],
  },
  lossScaling: { kind: "none" },
  choices: [
    {
      what: "operands of the forward, backward and weight-gradient GEMMs",
      setting: "int16 with one shared exponent per tensor",
      basis: "confirmed",
      from: "Abstract: INT16 tensors with a shared exponent, used in all three passes of convolution",
    },
    {
      what: "rounding",
      setting: "nearestEven, clamped to ±32767",
      basis: "ours",
      from: "The paper names several roundings and does not say which gave its tables",
    },
    {
      what: "accumulator",
      setting: "int32 chains, spilled to fp32 before they can overflow",
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
      setting: "int16 as the others",
      basis: "ours",
      from: "The paper is unclear; quantising them is the harder test",
    },
  ],
};
