/**
 * Loss scaling as state and one primitive. The scale is multiplied into the seed of the backward pass and divided out
 * in FP32 by the optimizer. Source: Micikevicius et al. 2017, section 3.2; names as in PyTorch's GradScaler.
 */
import type { Graph, Value } from "../graph/graph.ts";
import type { OpAttrs } from "../kernels/contract.ts";
import type { LossScaling } from "./recipe.ts";

/** The state array [lossScale, goodSteps, skippedSteps, foundNonFinite] and the scalar that seeds the backward pass. */
export const LOSS_SCALE_STATE = "lossScaling.state";
export const LOSS_SCALE_SEED = "lossScaling.seed";

/** FP32 holds every power of two in this range, so a scale is always exact. */
const MIN_SCALE = 2 ** -24;
const MAX_SCALE = 2 ** 24;

export function initialScale(scaling: LossScaling): number {
  if (scaling.kind === "none") return 1;
  return scaling.kind === "constant" ? scaling.scale : scaling.initialScale;
}

/** Fresh state array of a run. */
export function initialLossScaleState(scaling: LossScaling): Float32Array {
  return Float32Array.of(initialScale(scaling), 0, 0, 0);
}

/**
 * Raises the scale in the state array to the floor of step `step` (from 0). Called by the host before the step, as it
 * copies the scale: after an overflow at the floor the step is skipped and the scale stays.
 */
export function raiseToFloor(scaling: LossScaling, state: Float32Array | undefined, step: number): void {
  if (scaling.kind !== "dynamic" || state === undefined) return;
  for (const { fromStep, scale } of scaling.floor ?? []) {
    if (step >= fromStep && state[0] < scale) state[0] = scale;
  }
}

export interface ScaleControl {
  readonly state: Value;
  readonly found: Value;
}

/**
 * Appends the check of all gradients and the update of the scale; the optimizer reads what is returned. With `none`
 * nothing is appended: non-finite gradients then reach the weights, as they would without scaling.
 */
export function appendLossScaling(
  graph: Graph,
  scaling: LossScaling,
  gradients: readonly Value[],
): ScaleControl | undefined {
  if (scaling.kind === "none") return undefined;
  const state = graph.source({ kind: "state", name: LOSS_SCALE_STATE }, [4], "control");
  const [found] = graph.apply("countNonFinite", gradients, {});
  return { state, found };
}

/** Appends the change of the scale, after the optimizer has read the old one. */
export function appendScaleUpdate(graph: Graph, scaling: LossScaling, control: ScaleControl): void {
  const [next] = graph.apply("lossScaleUpdate", [control.state, control.found], updateAttrs(scaling));
  graph.update(control.state, next);
}

function updateAttrs(scaling: LossScaling): OpAttrs["lossScaleUpdate"] {
  if (scaling.kind !== "dynamic") {
    const constant = initialScale(scaling);
    return { growthFactor: 1, backoffFactor: 1, growthInterval: 1, minScale: constant, maxScale: constant };
  }
  const { growthFactor, backoffFactor, growthInterval } = scaling;
  return { growthFactor, backoffFactor, growthInterval, minScale: MIN_SCALE, maxScale: MAX_SCALE };
}
