/**
 * One run from start to end: data, model, compiled step, epochs, evaluation, record, checkpoints. Everything that is
 * written to the record is a function of the configuration and the kernel set, never of the clock.
 */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { RoundoffError } from "../base/errors.ts";
import type { ImageSplits } from "../data/image-set.ts";
import { createTrainLoader, type TrainLoader } from "../data/loader.ts";
import type { KernelSet } from "../kernels/contract.ts";
import { modelDefinition } from "../models/catalog.ts";
import { createModel } from "../models/model.ts";
import type { Module } from "../nn/index.ts";
import { learningRateAt } from "../optim/schedules.ts";
import type { Recipe } from "../precision/recipe.ts";
import { recipe as recipeNamed } from "../recipes/catalog.ts";
import type { EndStatus, KernelRecord } from "../runlog/schema.ts";
import { checkpointPath, restoreCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { checkConfig, IMAGE_SIZE, type TrainConfig } from "./config.ts";
import { compileEvaluator, type Evaluator } from "./evaluator.ts";
import { headerLine } from "./header.ts";
import { Journal, RECORD_FILE } from "./journal.ts";
import { initialState, type ModelState } from "./model-state.ts";
import { prepareOutput } from "./output.ts";
import { compileTrainStep, type StepResult, type TrainStep } from "./train-step.ts";

export interface TrainOptions {
  readonly config: TrainConfig;
  readonly data: ImageSplits;
  readonly kernels: KernelSet;
  /** What the record says of the kernels. */
  readonly kernelRecord: KernelRecord;
  /** Directory of the record and the checkpoint; made if it does not exist. */
  readonly out: string;
  /** Go on from the checkpoint in `out`, if there is one. */
  readonly resume?: boolean;
  /** Begin anew over what is in `out`. */
  readonly replace?: boolean;
  /** The command line for the record. */
  readonly command: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainProgress {
  readonly phase: "train" | "evaluate";
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Share of right predictions: of the epoch so far, or of the test split. */
  readonly accuracy: number;
  readonly samplesPerSecond: number;
}

export interface TrainResult {
  readonly status: EndStatus;
  readonly metrics: Readonly<Record<string, number>>;
  readonly steps: number;
  /** Training only, evaluation left out. */
  readonly samplesPerSecond: number;
  readonly recordPath: string;
  readonly checkpointPath: string;
}

/** So many steps in a row with a loss that is not a number end a run as diverged. */
const DIVERGED_AFTER = 10;

/** Trains as configured. Throws RoundoffError for a user's mistake; divergence is a result, not an error. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkConfig(options.config);
  const recipe = recipeNamed(options.config.recipe);
  const definition = modelDefinition(options.config.model);
  const { train: set } = options.data;
  const task = { channels: set.channels, size: IMAGE_SIZE, classes: set.classes };
  const model = createModel(definition, task, options.config.modelOptions);
  await prepareOutput(options.out, options.resume === true || options.replace === true);
  return new Run(options, recipe, model).execute();
}

/** Sums over the steps of the epoch under way. */
interface EpochSums {
  loss: number;
  correct: number;
  examples: number;
}

class Run {
  private readonly options: TrainOptions;
  private readonly config: TrainConfig;
  private readonly recipe: Recipe;
  private readonly state: ModelState;
  private readonly loader: TrainLoader;
  private readonly step: TrainStep;
  private readonly evaluator: Evaluator;
  private readonly totalSteps: number;
  private done = 0;
  private sums: EpochSums = { loss: 0, correct: 0, examples: 0 };
  private nonFinite = 0;
  private skippedSteps = 0;
  private metrics: Record<string, number> = {};

  constructor(options: TrainOptions, recipe: Recipe, model: Module) {
    const { config, data, kernels } = options;
    this.options = options;
    this.config = config;
    this.recipe = recipe;
    this.loader = createTrainLoader(data.train, {
      batchSize: config.batchSize,
      padTo: IMAGE_SIZE,
      limit: config.trainLimit,
      seed: config.seed,
    });
    const batchShape = [config.batchSize, ...this.loader.imageShape] as const;
    this.state = initialState(model, config.seed);
    const { momentum, weightDecay } = config.optimizer;
    const shared = { recipe, kernels, state: this.state };
    const optimizer = { momentum, weightDecay };
    this.step = compileTrainStep(model, { ...shared, batchShape, seed: config.seed, optimizer });
    this.evaluator = compileEvaluator(model, data.test, config.testLimit, shared);
    this.totalSteps = config.epochs * this.loader.batchesPerEpoch;
  }

  async execute(): Promise<TrainResult> {
    await this.restore();
    const header = () => headerLine(this.options, this.recipe, this.loader.examples, this.evaluator.examples);
    const journal = new Journal(this.options.out, this.done, header);
    try {
      const status = await this.trainEpochs(journal);
      journal.write({ type: "end", status, metrics: this.metrics });
      return this.result(status, journal);
    } finally {
      journal.close();
    }
  }

  private async restore(): Promise<void> {
    if (this.options.resume !== true) return;
    const { config, data, out } = this.options;
    const manifest = await restoreCheckpoint(out, this.state, { config, dataSha256: data.provenance.sha256 });
    if (manifest === undefined) return;
    this.done = manifest.step;
    this.sums = {
      loss: manifest.epochLoss,
      correct: manifest.epochCorrect,
      examples: manifest.epochExamples,
    };
    this.metrics = { ...manifest.metrics };
  }

  private async trainEpochs(journal: Journal): Promise<EndStatus> {
    const perEpoch = this.loader.batchesPerEpoch;
    while (this.done < this.totalSteps) {
      const epoch = Math.floor(this.done / perEpoch);
      const stopped = await this.trainEpoch(epoch, this.done % perEpoch, journal);
      if (stopped !== undefined) {
        await this.checkpoint(journal);
        return stopped;
      }
      await this.finishEpoch(epoch, journal);
    }
    return "finished";
  }

  /** Runs the remaining batches of an epoch; returns why it stopped early, if it did. */
  private async trainEpoch(
    epoch: number,
    fromBatch: number,
    journal: Journal,
  ): Promise<EndStatus | undefined> {
    // The next batch is prepared in the loader's own buffers while the step works on the plan's.
    const batches = this.loader.epoch(epoch, { fromBatch });
    let next = batches.next();
    while (next.done !== true) {
      if (this.options.signal?.aborted) return "interrupted";
      const began = performance.now();
      this.step.images.set(next.value.images);
      this.step.labels.set(next.value.labels);
      const learningRate = this.learningRate();
      const running = this.step.run({ step: this.done, learningRate });
      next = batches.next();
      const result = await running;
      this.done++;
      journal.timed(this.done, this.config.batchSize, (performance.now() - began) / 1000, next.done === true);
      this.account(epoch, learningRate, result, journal);
      if (this.nonFinite >= DIVERGED_AFTER) return "diverged";
    }
    return undefined;
  }

  private learningRate(): number {
    const { schedule, learningRate } = this.config.optimizer;
    const length = { totalSteps: this.totalSteps, stepsPerEpoch: this.loader.batchesPerEpoch };
    return learningRateAt(schedule, learningRate, this.done, length);
  }

  private account(epoch: number, learningRate: number, result: StepResult, journal: Journal): void {
    const { loss, correct, lossScale, skippedSteps } = result;
    const examples = this.config.batchSize;
    this.sums.loss += loss * examples;
    this.sums.correct += correct;
    this.sums.examples += examples;
    this.nonFinite = Number.isFinite(loss) ? 0 : this.nonFinite + 1;
    this.skippedSteps = skippedSteps;
    const scaling = this.recipe.lossScaling.kind === "none" ? {} : { lossScale, skippedSteps };
    const step = this.done;
    journal.write({
      type: "step",
      step,
      epoch: epoch + 1,
      loss,
      learningRate,
      ...scaling,
      correct,
      examples,
    });
    this.report("train", epoch, { loss, accuracy: this.sums.correct / this.sums.examples }, journal);
  }

  private async finishEpoch(epoch: number, journal: Journal): Promise<void> {
    const test = await this.evaluator.run();
    const trainLoss = this.sums.loss / this.sums.examples;
    const trainAccuracy = this.sums.correct / this.sums.examples;
    const metrics = { trainLoss, trainAccuracy, testLoss: test.loss, testAccuracy: test.accuracy };
    this.metrics = { ...metrics, skippedSteps: this.skippedSteps };
    this.sums = { loss: 0, correct: 0, examples: 0 };
    journal.write({ type: "epoch", epoch: epoch + 1, step: this.done, ...metrics });
    this.report("evaluate", epoch, test, journal);
    await this.checkpoint(journal);
  }

  private async checkpoint(journal: Journal): Promise<void> {
    journal.sync();
    await saveCheckpoint(this.options.out, this.state, {
      config: this.config,
      dataSha256: this.options.data.provenance.sha256,
      kernels: this.options.kernels.name,
      step: this.done,
      epochLoss: this.sums.loss,
      epochCorrect: this.sums.correct,
      epochExamples: this.sums.examples,
      metrics: this.metrics,
    });
  }

  private report(
    phase: TrainProgress["phase"],
    epoch: number,
    { loss, accuracy }: { loss: number; accuracy: number },
    { samplesPerSecond }: Journal,
  ): void {
    const { epochs } = this.config;
    const [step, steps] = [this.done, this.totalSteps];
    this.options.onProgress?.({
      phase,
      epoch: epoch + 1,
      epochs,
      step,
      steps,
      loss,
      accuracy,
      samplesPerSecond,
    });
  }

  private result(status: EndStatus, { samplesPerSecond }: Journal): TrainResult {
    const { out } = this.options;
    return {
      status,
      metrics: this.metrics,
      steps: this.done,
      samplesPerSecond,
      recordPath: join(out, RECORD_FILE),
      checkpointPath: checkpointPath(out),
    };
  }
}

/** The error that a caller raises for a run that was stopped from outside. */
export function interrupted(result: TrainResult): RoundoffError {
  return new RoundoffError("INTERRUPTED", {
    what: `stopped after step ${result.steps}`,
    hint: `Run the same command with --resume to go on from ${result.checkpointPath}`,
  });
}
