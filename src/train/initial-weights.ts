/**
 * Weights that a run begins with instead of random ones. Where they come from is the caller's business; what they were is
 * known by a hash, which becomes part of what the run is.
 */
import { modelDefinition } from "../models/catalog.ts";
import type { Classifier } from "../models/classifier.ts";
import { createModel, type ImageTask } from "../models/model.ts";
import { init, namedStates } from "../nn/index.ts";
import type { TrainConfig } from "./config.ts";
import type { ModelState } from "./model-state.ts";

export interface InitialWeights {
  /** Of the file or whatever else they were read from. */
  readonly sha256: string;
  /** Gives them to a model, which has its random numbers already. Throws RoundoffError when they do not fit. */
  loadInto(model: Classifier, task: ImageTask): void;
}

/** Puts the weights into the fresh state of a run. Optimizer state begins as it always does. */
export function beginWith(
  weights: InitialWeights,
  state: ModelState,
  { model: name, modelOptions, seed }: TrainConfig,
  task: ImageTask,
): void {
  // A model of its own: that of the run keeps no numbers.
  const model = init(createModel(modelDefinition(name), task, modelOptions), { seed });
  weights.loadInto(model, task);
  for (const [key, { data }] of namedStates(model)) state.get(key)?.data.set(data!);
}
