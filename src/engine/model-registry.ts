/** What belongs to a model beside its modules: the state of its optimizers, shared by all its training steps. */
import { type Module, namedStates } from "../nn/index.ts";
import { averageName } from "../optim/append-update.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { ModelState } from "./training-state.ts";

interface Entry {
  readonly state: ModelState;
  readonly optimizers: Optimizer[];
}

/** Lives as long as the model does. */
const entries = new WeakMap<Module<unknown>, Entry>();

function entryOf(model: Module<unknown>): Entry {
  const known = entries.get(model);
  if (known !== undefined) return known;
  const entry = { state: new Map(), optimizers: [] };
  entries.set(model, entry);
  return entry;
}

/** The arrays of an initialised model by name, with what its training steps added. */
export function stateOf(model: Module<unknown>): ModelState {
  const { state } = entryOf(model);
  for (const [name, { shape, data }] of namedStates(model)) state.set(name, { shape, data: data! });
  return state;
}

/** `optimizer` for the first one that trains a model, then `optimizer2`, …: in the order of compilation. */
export function optimizerName(model: Module<unknown>, optimizer: Optimizer): string {
  const { optimizers } = entryOf(model);
  if (!optimizers.includes(optimizer)) optimizers.push(optimizer);
  const index = optimizers.indexOf(optimizer);
  return index === 0 ? "optimizer" : `optimizer${index + 1}`;
}

/** Exchanges parameters and their moving averages, for evaluation, and again to go on training. */
export function swapAverages(model: Module<unknown>): void {
  const state = stateOf(model);
  for (const [name, { data }] of namedStates(model)) {
    const average = state.get(averageName(name))?.data;
    if (average === undefined) continue;
    const kept = data!.slice();
    data!.set(average);
    average.set(kept);
  }
}
