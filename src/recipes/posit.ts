/**
 * Posits for every tensor between operations, FP32 master weights.
 * Source: Lu et al. 2020, Evaluations on Deep Neural Networks Training Using Posit Number System (IEEE TC), from memory.
 */
import type { PolicyRole } from "../precision/policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { quantizer } from "./quantizers.ts";

const ROUNDED_ROLES: readonly PolicyRole[] = [
  "input",
  "weight",
  "gradOutput",
  "activation",
  "error",
  "gradWeight",
];

function posit(name: string, summary: string, from: string): Recipe {
  return {
    name,
    paper: "Lu et al. 2020, Evaluations on Deep Neural Networks Training Using Posit Number System",
    summary,
    policy: { rules: [{ roles: ROUNDED_ROLES, quantizer: quantizer(name, "nearestEven", "saturate") }] },
    lossScaling: { kind: "none" },
    choices: [
      {
        what: "weights, activations, errors, weight gradients",
        setting: `${name}, nearestEven`,
        basis: "recalled",
        from,
      },
      {
        what: "exponent bits",
        setting: "2",
        basis: "ours",
        from: "Posit Standard 2022; the paper precedes it and chooses 1 or 2 per tensor",
      },
      {
        what: "scaling of tensors",
        setting: "none",
        basis: "ours",
        from: "The paper shifts tensors by a power of two per layer to where posits are densest",
      },
      {
        what: "accumulator, operations, master weights, update",
        setting: "fp32",
        basis: "ours",
        from: "Posits are rounded from FP32 results, once; there is no quire",
      },
    ],
  };
}

export const posit16 = posit(
  "posit16",
  "posit16 weights, activations, errors and weight gradients; FP32 inside and master weights",
  "16-bit posits train ImageNet models like FP32",
);

export const posit8 = posit(
  "posit8",
  "posit8 weights, activations, errors and weight gradients; FP32 inside and master weights",
  "8-bit posits train small models like FP32 with the paper's shifts and wider batch norm",
);
