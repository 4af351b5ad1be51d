/** The end of a training step has no gradients. Part of backward-rules.ts. */
import type { UpdateAttrs } from "../../kernels/contract/updates.ts";
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const updateRules: Pick<BackwardRules, keyof UpdateAttrs> = {
  countNonFinite: notDifferentiable,
  lossScaleUpdate: notDifferentiable,
  countStep: notDifferentiable,
  clipByNorm: notDifferentiable,
  sgdUpdate: notDifferentiable,
  adamUpdate: notDifferentiable,
  rmspropUpdate: notDifferentiable,
  adagradUpdate: notDifferentiable,
  larsUpdate: notDifferentiable,
  lambUpdate: notDifferentiable,
  emaUpdate: notDifferentiable,
};
