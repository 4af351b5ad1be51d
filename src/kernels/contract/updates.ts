/**
 * The end of a training step: the check of the gradients, the loss scale, the optimizers. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

export interface UpdateAttrs {
  /** g₁ … gₙ → found[]: number of elements that are NaN or Inf, as FP32 (saturates at 2^24). */
  countNonFinite: Record<string, never>;
  /**
   * state f32[4] = [lossScale, goodSteps, skippedSteps, foundNonFinite], found[] → state′ (may alias).
   * found > 0: lossScale ← max(minScale, lossScale·backoffFactor), goodSteps ← 0, skippedSteps + 1; else goodSteps + 1 and,
   * at growthInterval, lossScale ← min(maxScale, lossScale·growthFactor), goodSteps ← 0. foundNonFinite ← (found > 0).
   * growthFactor = backoffFactor = 1 makes the scale constant (steps are still skipped and counted).
   */
  lossScaleUpdate: {
    readonly growthFactor: number;
    readonly backoffFactor: number;
    readonly growthInterval: number;
    readonly minScale: number;
    readonly maxScale: number;
  };
  /**
   * w, g, v, lr f32[1] (, scaleState f32[4], found[]) → w′, v′ (may alias w, v). If found > 0: w′ = w, v′ = v. Else, in FP32:
   * g ← g / scaleState[0]; g ← g + weightDecay·w; v ← momentum·v + g; d = nesterov ? g + momentum·v : v; w ← w − lr·d,
   * every operation rounded, d from v as it is before `store`. momentum = 0: v is left alone and d = g. Each output
   * rounds by its own `store`. PyTorch's SGD with dampening 0 and v₀ = 0.
   */
  sgdUpdate: {
    readonly momentum: number;
    readonly weightDecay: number;
    readonly nesterov: boolean;
  };
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const UPDATE_ATTR_ORDER = {
  countNonFinite: [],
  lossScaleUpdate: ["growthFactor", "backoffFactor", "growthInterval", "minScale", "maxScale"],
  sgdUpdate: ["momentum", "weightDecay", "nesterov"],
} as const satisfies { readonly [Op in keyof UpdateAttrs]: readonly (keyof UpdateAttrs[Op])[] };
