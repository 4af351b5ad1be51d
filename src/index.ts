/**
 * The public surface of `roundoff`: an explicit list, no logic. The number formats alone are `roundoff/formats`.
 */

export { gradients } from "./autodiff/gradients.ts";
export { type ErrorCode, RoundoffError } from "./base/errors.ts";
export { type BuiltPlan, buildPlan } from "./compile/build-plan.ts";
export { type EvaluateOptions, evaluate } from "./compile/evaluate.ts";
export { type Explanation, explainPlan } from "./compile/explain.ts";
export { mermaid } from "./compile/mermaid.ts";
export { type BatchesOptions, openBatches, type RunBatches, type TrainingData } from "./data/batches.ts";
export { loadDataSet, openDataSet } from "./data/data-sets.ts";
export { createEvalLoader, createTrainLoader } from "./data/loader.ts";
export {
  type Compiled,
  type CompileOptions,
  compile,
  type ValueAndGradOptions,
  valueAndGrad,
} from "./engine/compile.ts";
export { type NestedNumbers, type TensorOptions, tensor } from "./engine/eager.ts";
export { swapAverages } from "./engine/model-registry.ts";
export {
  compileTrainStep,
  type StepResult,
  type TrainStep,
  type TrainStepOptions,
} from "./engine/train-step.ts";
export { FORMATS, floatFormat, format } from "./formats/catalog.ts";
export { Graph } from "./graph/graph.ts";
export type { Quantizer } from "./graph/primitives.ts";
export { Tensor } from "./graph/tensor.ts";
export { loadWeights, readStateDict, writeStateDict } from "./interop/weights.ts";
export type { KernelSet } from "./kernels/contract.ts";
export { backendInfo, selectKernels } from "./kernels/select.ts";
export { MODELS, modelDefinition } from "./models/catalog.ts";
export { createModel } from "./models/model.ts";
export * as nn from "./nn/index.ts";
export * as optim from "./optim/index.ts";
export { learningRateAt, type ScheduleConfig } from "./optim/schedules.ts";
export { applyPolicy } from "./precision/apply-policy.ts";
export type { Policy, PolicyRule } from "./precision/policy.ts";
export type { LossScaling, Recipe } from "./precision/recipe.ts";
export { RECIPES, recipe } from "./recipes/catalog.ts";
export { loadStudy, studyNames } from "./studies/catalog.ts";
export { runStudy, type StudyOptions, type StudyResult } from "./studies/run.ts";
export type { TrainConfig } from "./train/config.ts";
export { initialState, type ModelState } from "./train/model-state.ts";
export { type TrainOptions, type TrainResult, train } from "./train/run.ts";
export { compileEvaluation, compileTrainStep as compileClassifierStep } from "./train/train-step.ts";
