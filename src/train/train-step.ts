/**
 * Compiled steps: a function of a batch that is one asynchronous run of one plan. Owns the small arrays through which
 * a step is told its learning rate, loss scale and clock, and tells its loss.
 */
import { type BuiltPlan, buildPlan, CLOCK } from "../compile/build-plan.ts";
import { requireBound } from "../compile/evaluate.ts";
import type { Graph } from "../graph/graph.ts";
import type { ExternalArray, KernelSet, PreparedPlan } from "../kernels/contract.ts";
import type { Classifier } from "../models/classifier.ts";
import { learningRateName } from "../optim/append-update.ts";
import type { SgdOptions } from "../optim/optimizers.ts";
import { initialScale, LOSS_SCALE_SEED, LOSS_SCALE_STATE } from "../precision/loss-scaling.ts";
import type { Recipe } from "../precision/recipe.ts";
import { splitSeed } from "../random/streams.ts";
import { type BatchShape, EXTERNALS, evaluationGraph, trainGraph } from "./graphs.ts";
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
  readonly optimizer: SgdOptions;
  readonly seed: number;
}

export interface StepResult {
  /** Mean loss of the batch, unscaled. */
  readonly loss: number;
  readonly correct: number;
  /** The factor that this step's loss was multiplied by; 1 without scaling. */
  readonly lossScale: number;
  /** Steps skipped so far because a gradient was not finite. */
  readonly skippedSteps: number;
}

export interface TrainStep {
  /** The batch that the next run reads: fill them before calling `run`. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly graph: Graph;
  readonly built: BuiltPlan;
  /** Every array that the plan is bound to, by name. */
  readonly externals: ReadonlyMap<string, ExternalArray>;
  /** Writes the learning rate, the loss scale and the clock of a step, as `run` does. Returns the loss scale. */
  control(control: StepControl): number;
  run(control: StepControl): Promise<StepResult>;
  /** Steps skipped so far, as the state says: 0 without loss scaling. */
  skippedSteps(): number;
}

export interface StepControl {
  /** From 0. */
  readonly step: number;
  readonly learningRate: number;
}

/** Traces, differentiates, rounds, lowers and prepares the training step of a model. */
export function compileTrainStep(model: Classifier, options: TrainStepOptions): TrainStep {
  const { recipe, state, batchShape } = options;
  const graph = trainGraph(model, recipe, batchShape, options.optimizer);
  addTrainingState(state, graph, recipe.lossScaling);
  const built = buildPlan(graph);
  requireMemory("the training step", stepBytes(built, batchShape));
  roundInitialState(state, built.plan);
  const io = inputsAndOutputs(batchShape);
  const [seedLow, seedHigh] = splitSeed(options.seed);
  const clock = new Int32Array([seedLow, seedHigh, 0]);
  const rate = new Float32Array(1);
  const seed = new Float32Array(1);
  const extra: [string, ExternalArray][] = [
    [CLOCK, clock],
    [learningRateName(), rate],
    [LOSS_SCALE_SEED, seed],
  ];
  const externals = bindings(options, [...io.arrays, ...extra]);
  const prepared = prepare(options, built, externals);
  const scaleState = state.get(LOSS_SCALE_STATE)?.data;
  const control = ({ step, learningRate }: StepControl): number => {
    const lossScale = scaleState?.[0] ?? initialScale(recipe.lossScaling);
    clock[2] = step;
    rate[0] = learningRate;
    seed[0] = lossScale;
    return lossScale;
  };
  return {
    images: io.images,
    labels: io.labels,
    graph,
    built,
    externals,
    control,
    async run(at) {
      const lossScale = control(at);
      await prepared.run();
      return { loss: io.loss[0], correct: io.correct[0], lossScale, skippedSteps: scaleState?.[2] ?? 0 };
    },
    skippedSteps: () => scaleState?.[2] ?? 0,
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
  const built = buildPlan(evaluationGraph(model, options.recipe, options.batchShape));
  requireMemory("the evaluation of a batch", stepBytes(built, options.batchShape));
  const io = inputsAndOutputs(options.batchShape);
  const prepared = prepare(options, built, bindings(options, [...io.arrays, [CLOCK, new Int32Array(3)]]));
  return {
    images: io.images,
    labels: io.labels,
    async run() {
      await prepared.run();
      return { loss: io.loss[0], correct: io.correct[0] };
    },
  };
}

function inputsAndOutputs([n, h, w, c]: BatchShape) {
  const images = new Float32Array(n * h * w * c);
  const labels = new Int32Array(n);
  const loss = new Float32Array(1);
  const correct = new Float32Array(1);
  const arrays: [string, ExternalArray][] = [
    [EXTERNALS.images, images],
    [EXTERNALS.labels, labels],
    [EXTERNALS.loss, loss],
    [EXTERNALS.correct, correct],
  ];
  return { images, labels, loss, correct, arrays };
}

/** Bytes that a step takes beside the state: its arena, and the batch in the plan's buffers and in the loader's. */
function stepBytes({ plan }: BuiltPlan, [n, h, w, c]: BatchShape): number {
  return plan.arenaBytes + 2 * 4 * n * (h * w * c + 1);
}

function bindings(
  { state }: StepOptions,
  extra: readonly [string, ExternalArray][],
): Map<string, ExternalArray> {
  const externals = new Map<string, ExternalArray>(extra);
  for (const [name, { data }] of state) externals.set(name, data);
  return externals;
}

function prepare(
  { kernels }: StepOptions,
  { plan }: BuiltPlan,
  externals: ReadonlyMap<string, ExternalArray>,
): PreparedPlan {
  requireBound(plan, externals);
  return kernels.prepare(plan, externals);
}
