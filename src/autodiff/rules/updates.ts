/** The end of a training step has no gradients. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const updateRules: Pick<BackwardRules, "countNonFinite" | "lossScaleUpdate" | "sgdUpdate"> = {
  countNonFinite: notDifferentiable,
  lossScaleUpdate: notDifferentiable,
  sgdUpdate: notDifferentiable,
};
