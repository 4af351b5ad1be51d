/** A run as the caller sees it: the checks before it is begun, the lock on its folder, and then training-run.ts. */
import { RoundoffError } from "../base/errors.ts";
import { elementCount } from "../graph/graph.ts";
import { modelDefinition } from "../models/catalog.ts";
import type { Classifier } from "../models/classifier.ts";
import { createModel } from "../models/model.ts";
import { namedStates, Parameter } from "../nn/index.ts";
import { createOptimizer, type OptimizerConfig } from "../optim/optimizer-config.ts";
import { recipe as recipeNamed } from "../recipes/catalog.ts";
import { checkConfig } from "./config.ts";
import { imageTask } from "./image-task.ts";
import { requireMemory } from "./memory.ts";
import { openOutput } from "./output.ts";
import type { TrainOptions, TrainResult } from "./train-options.ts";
import { TrainingRun } from "./training-run.ts";

export type { TrainOptions, TrainProgress, TrainResult } from "./train-options.ts";

/** Trains as configured. Throws RoundoffError for a user's mistake; divergence is a result, not an error. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkConfig(options.config);
  const recipe = recipeNamed(options.config.recipe);
  const definition = modelDefinition(options.config.model);
  const model = createModel(definition, imageTask(options.data, options.config), options.config.modelOptions);
  const lock = await openOutput(options.out, options.resume === true || options.replace === true);
  try {
    requireMemory(`the state of model "${definition.name}"`, stateBytes(model, options.config.optimizer));
    return await new TrainingRun(options, recipe, model).execute();
  } finally {
    lock.release();
  }
}

/** Parameters, the optimizer's state and the copy of both that finds out where a run went wrong, in FP32. */
function stateBytes(model: Classifier, config: OptimizerConfig): number {
  const optimizer = createOptimizer(config, { totalSteps: 1, stepsPerEpoch: 1 });
  return namedStates(model).reduce((bytes, [name, member]) => {
    const { shape } = member;
    const states =
      member instanceof Parameter ? optimizer.ruleOf({ name, kind: member.kind, shape }).rule.states : [];
    return bytes + 2 * 4 * elementCount(shape) * (1 + states.length);
  }, 0);
}

/** The error that a caller raises for a run that was stopped from outside. */
export function interrupted(result: TrainResult): RoundoffError {
  return new RoundoffError("INTERRUPTED", {
    what: `stopped after step ${result.steps}`,
    hint: `Run the same command with --resume to go on from ${result.checkpointPath}`,
  });
}
