/**
 * The numbers of a run that live across steps: parameters, running statistics, momentum, loss scale. Arrays by full
 * name, shared by all plans of the run; everything that a checkpoint must hold.
 */

import { roundToFormat } from "../formats/round.ts";
import { elementCount, type Graph, type Source } from "../graph/graph.ts";
import type { Plan } from "../kernels/contract.ts";
import { initialNumbers, type Module, namedStates } from "../nn/index.ts";
import { initialLossScaleState, LOSS_SCALE_STATE } from "../precision/loss-scaling.ts";
import type { LossScaling } from "../precision/recipe.ts";

export interface StateArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type ModelState = Map<string, StateArray>;

/**
 * Fresh state of a model: parameters drawn from the stream `init`, keyed by seed and name, so every recipe starts from the
 * same numbers. The arrays are the state's own; the model's numbers are not touched.
 */
export function initialState(model: Module<unknown>, seed: number): ModelState {
  return new Map(
    namedStates(model).map(([name, member]) => [
      name,
      { shape: member.shape, data: initialNumbers(name, member, seed) },
    ]),
  );
}

/**
 * Adds what a training graph keeps beside the models: momentum at zero, the loss scale at its start. What a module holds
 * already is not the state's business.
 */
export function addTrainingState(state: ModelState, graph: Graph, scaling: LossScaling): void {
  for (const { source, shape } of graph.sources) {
    if (source?.kind !== "state" || state.has(source.name) || source.holder?.data !== undefined) continue;
    state.set(source.name, { shape, data: initialArray(state, source, shape, scaling) });
  }
}

function initialArray(
  state: ModelState,
  { name, initial = 0 }: Source,
  shape: readonly number[],
  scaling: LossScaling,
): Float32Array {
  if (name === LOSS_SCALE_STATE) return initialLossScaleState(scaling);
  if (typeof initial === "string") return state.get(initial)!.data.slice();
  return new Float32Array(elementCount(shape)).fill(initial);
}

/**
 * Rounds the state to the formats that the plan keeps it in, as an update would leave it. Changes nothing in a state
 * that was restored from a run of the same recipe.
 */
export function roundInitialState(state: ModelState, plan: Plan): void {
  for (const { outputs } of plan.commands) {
    for (const { buffer, store } of outputs) {
      const { place, name } = plan.buffers[buffer];
      const array = place === "external" ? state.get(name)?.data : undefined;
      if (store === undefined || array === undefined) continue;
      for (let i = 0; i < array.length; i++)
        array[i] = roundToFormat(array[i], store.format, "nearestEven", store.overflow);
    }
  }
}
