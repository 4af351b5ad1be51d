/** Gradients through roundings. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const quantizationRules: Pick<BackwardRules, "quantizeDynamicFixed" | "quantize"> = {
  quantizeDynamicFixed: notDifferentiable,
  // Straight-through: quantisers are inserted after differentiation; one in a model is treated as the identity.
  quantize: (_, [gy]) => [gy],
};
