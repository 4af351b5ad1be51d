/**
 * The compiled steps of a run: the engine's plans over the run's own state and the arrays that its loader fills, refused
 * before they are made when they do not fit into memory.
 */
import { buildPlan, type PlanOptions } from "../compile/build-plan.ts";
import { BoundPlan } from "../engine/bound-plan.ts";
import { StepInputs, type WrittenInputs } from "../engine/step-inputs.ts";
import type { Graph } from "../graph/graph.ts";
import type { ExternalArray, KernelSet } from "../kernels/contract.ts";
import type { Classifier } from "../models/classifier.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Recipe } from "../precision/recipe.ts";
import {
  type BatchArrays,
  type BatchShape,
  batchArrays,
  EXTERNALS,
  evaluationGraph,
  trainGraph,
} from "./graphs.ts";
import { requireMemory } from "./memory.ts";
import { addTrainingState, type ModelState, roundInitialState } from "./model-state.ts";

export interface StepOptions {
  readonly recipe: Recipe;
  readonly batchShape: BatchShape;
  readonly kernels: KernelSet;
  /** Shared with other plans of the run; what the step adds (momentum, loss scale) is put here. */
  readonly state: ModelState;
}

export interface TrainStepOptions extends StepOptions {
  readonly optimizer: Optimizer;
  readonly seed: number;
  /** Off to measure what fusion is worth: the results are the same. Default: true. */
  readonly fusion?: boolean;
}

export interface StepResult extends WrittenInputs {
  /** Mean loss of the batch, unscaled. */
  readonly loss: number;
  readonly correct: number;
  /** Steps skipped so far because a gradient was not finite. */
  readonly skippedSteps: number;
}

export interface TrainStep {
  /** The batch that the next run reads: fill them before calling `run`. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly plan: BoundPlan;
  /** Writes the learning rate, the loss scale and the clock of a step (from 0), as `run` does. */
  control(step: number): WrittenInputs;
  run(step: number): Promise<StepResult>;
  /** Steps skipped so far, as the state says: 0 without loss scaling. */
  skippedSteps(): number;
}

/** Traces, differentiates, rounds, lowers and prepares the training step of a model. */
export function compileTrainStep(model: Classifier, options: TrainStepOptions): TrainStep {
  const { recipe, state, batchShape, optimizer, seed } = options;
  const { lossScaling } = recipe;
  const batch = batchArrays(batchShape);
  const graph = trainGraph(model, { recipe, batch, optimizer });
  addTrainingState(state, graph, lossScaling);
  const inputs = new StepInputs({ optimizer, lossScaling, state, seed });
  const plan = bind("the training step", graph, batch, { ...options, clock: inputs.clock });
  roundInitialState(state, plan.built.plan);
  const control = (step: number) => inputs.write(plan, { step });
  return {
    images: batch.images,
    labels: batch.labels,
    plan,
    control,
    run(step) {
      let written: WrittenInputs;
      return plan.run(
        () => {
          written = control(step);
        },
        () => ({ ...losses(plan), ...written, skippedSteps: inputs.skippedSteps }),
      );
    },
    skippedSteps: () => inputs.skippedSteps,
  };
}

export interface EvaluationStep {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** Mean loss over the rows that count, and how many of them were right. */
  run(): Promise<{ loss: number; correct: number }>;
}

/** Prepares the evaluation of one batch: the same roundings as in training, running statistics, no updates. */
export function compileEvaluation(model: Classifier, options: StepOptions): EvaluationStep {
  const batch = batchArrays(options.batchShape);
  const graph = evaluationGraph(model, options.recipe, batch);
  const plan = bind("the evaluation of a batch", graph, batch, options);
  return { images: batch.images, labels: batch.labels, run: () => plan.run(() => undefined, losses) };
}

function bind(
  what: string,
  graph: Graph,
  { images, labels }: BatchArrays,
  { kernels, state, clock, fusion }: StepOptions & { readonly clock?: Int32Array } & PlanOptions,
): BoundPlan {
  const built = buildPlan(graph, { fusion });
  // Its arena, and the batch in the loader's buffers beside the step's own, which are there already.
  requireMemory(what, built.plan.arenaBytes + images.byteLength + labels.byteLength);
  const inputs = new Map<string, ExternalArray>([
    [EXTERNALS.images, images],
    [EXTERNALS.labels, labels],
  ]);
  return new BoundPlan(graph, { kernels, states: state, inputs, clock, built });
}

function losses(plan: BoundPlan): { loss: number; correct: number } {
  return { loss: plan.scalar(EXTERNALS.answerLoss), correct: plan.scalar(EXTERNALS.correct) };
}
