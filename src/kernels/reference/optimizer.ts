/**
 * Reference kernels of the update: SGD, the search for NaN and Inf, the loss scale. Each arithmetic operation is rounded
 * on its own in the order of contract.ts, so that a native kernel without contraction gives the same bits.
 */
import type { ReferenceKernel } from "./tensor.ts";

/** FP32 counts integers exactly up to here. */
const COUNT_LIMIT = 2 ** 24;

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

/** w, g, v, lr[1] (, scaleState[4], found[]) → w′, v′; may be the arrays of w and v. */
export const sgdUpdate: ReferenceKernel<"sgdUpdate"> = (
  [w, g, v, lr, scaleState, found],
  [nextW, nextV],
  attrs,
  { round },
) => {
  if (found !== undefined && found.data[0] > 0) {
    nextW.data.set(w.data);
    nextV.data.set(v.data);
    return;
  }
  const lossScale = scaleState === undefined ? 1 : scaleState.data[0];
  const momentum = round(attrs.momentum);
  const weightDecay = round(attrs.weightDecay);
  const rate = lr.data[0];
  for (let i = 0; i < nextW.data.length; i++) {
    const weight = w.data[i];
    const unscaled = round(g.data[i] / lossScale);
    const gradient = round(unscaled + round(weightDecay * weight));
    const velocity = momentum === 0 ? v.data[i] : round(round(momentum * v.data[i]) + gradient);
    const direction = descentDirection(gradient, velocity);
    nextW.data[i] = weight - round(rate * direction);
    nextV.data[i] = velocity;
  }

  function descentDirection(gradient: number, velocity: number): number {
    if (momentum === 0) return gradient;
    return attrs.nesterov ? round(gradient + round(momentum * velocity)) : velocity;
  }
};
