/**
 * Reference kernels around the update: the search for NaN and Inf, the loss scale, the step counter, the norm of the
 * gradients. Meaning: ../contract/updates.ts.
 */
import type { ReferenceKernel, RefTensor } from "./tensor.ts";

/** FP32 counts integers exactly up to here. */
const COUNT_LIMIT = 2 ** 24;
/** PyTorch's guard of clip_grad_norm_ against a norm of 0. */
const NORM_EPS = 1e-6;

/** g₁ … gₙ → found[]. */
export const countNonFinite: ReferenceKernel<"countNonFinite"> = (gradients, [found]) => {
  let count = 0;
  for (const { data } of gradients) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) count++;
  }
  found.data[0] = Math.min(count, COUNT_LIMIT);
};

/** state[4], found[] → state′[4]; may be the same array. */
export const lossScaleUpdate: ReferenceKernel<"lossScaleUpdate"> = (
  [state, found],
  [next],
  attrs,
  { round },
) => {
  const [lossScale, goodSteps, skippedSteps] = state.data;
  if (found.data[0] > 0) {
    const reduced = round(lossScale * round(attrs.backoffFactor));
    next.data.set([Math.max(round(attrs.minScale), reduced), 0, skippedSteps + 1, 1]);
    return;
  }
  const grows = goodSteps + 1 >= attrs.growthInterval;
  const raised = Math.min(round(attrs.maxScale), round(lossScale * round(attrs.growthFactor)));
  next.data.set([grows ? raised : lossScale, grows ? 0 : goodSteps + 1, skippedSteps, 0]);
};

/** step[1] (, found[]) → step′[1]; may be the same array. */
export const countStep: ReferenceKernel<"countStep"> = ([step, found], [next]) => {
  const skipped = found !== undefined && found.data[0] > 0;
  next.data[0] = skipped ? step.data[0] : Math.min(step.data[0] + 1, COUNT_LIMIT);
};

/** scaleState[4], g₁ … gₙ → norm[], clip[]. */
export const clipByNorm: ReferenceKernel<"clipByNorm"> = (
  [scaleState, ...gradients],
  [norm, clip],
  { maxNorm, normType },
  { round },
) => {
  const unscaled = normOf(gradients, normType) / scaleState.data[0];
  norm.data[0] = unscaled;
  clip.data[0] = round(Math.min(1, maxNorm / (unscaled + NORM_EPS)));
};

/** Of all gradients as one vector. */
function normOf(gradients: readonly RefTensor[], type: number): number {
  const total = (of: (data: ArrayLike<number>) => number) =>
    gradients.reduce((sum, { data }) => sum + of(data), 0);
  if (type === 2) return Math.sqrt(total(sumOfSquares));
  if (type === 1) return total((data) => Array.from(data).reduce((sum, x) => sum + Math.abs(x), 0));
  // Math.max is NaN if one of its arguments is.
  return gradients.reduce(
    (peak, { data }) => Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), peak),
    0,
  );
}

export function sumOfSquares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
