/**
 * One run from start to end: data, model, compiled step, epochs, evaluation, record, checkpoints. Everything that is
 * written to the record is a function of the configuration and the kernel set, never of the clock.
 */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { openBatches, type RunBatches, skippedInputs } from "../data/batches.ts";
import type { Batch } from "../data/loader.ts";
import type { Classifier } from "../models/classifier.ts";
import { createOptimizer } from "../optim/optimizer-config.ts";
import type { Recipe } from "../precision/recipe.ts";
import type { EndStatus, NonFiniteTensor, StepLine } from "../runlog/schema.ts";
import { nextBatch, requireFiniteBatch } from "./batch-feed.ts";
import {
  type Checkpoint,
  checkpointPath,
  DEFAULT_KEEP,
  newestCheckpoint,
  pruneCheckpoints,
  removeCheckpoints,
  removePartialCheckpoints,
  restoreState,
  saveCheckpoint,
} from "./checkpoint.ts";
import type { TrainConfig } from "./config.ts";
import { DivergenceWatch } from "./divergence.ts";
import { EpochSums } from "./epoch-sums.ts";
import { compileEvaluator, type Evaluator, testBatchSize } from "./evaluator.ts";
import { prepareNonFiniteProbe } from "./first-non-finite.ts";
import { headerLine, packageVersion } from "./header.ts";
import { imageTask } from "./image-task.ts";
import { beginWith } from "./initial-weights.ts";
import { Journal, RECORD_FILE } from "./journal.ts";
import {
  catalogueSha256,
  MANIFEST_VERSION,
  RANDOM_GENERATOR,
  type RunIdentity,
  type RunPosition,
  recipeSha256,
} from "./manifest.ts";
import { initialState, type ModelState } from "./model-state.ts";
import { reverseRows } from "./reverse-rows.ts";
import { stateFormats } from "./state-codec.ts";
import { StepTelemetry } from "./step-telemetry.ts";
import type { TrainOptions, TrainProgress, TrainResult } from "./train-options.ts";
import { compileTrainStep, type StepResult, type TrainStep } from "./train-step.ts";
import { resumeWarnings, skippedWarnings } from "./warnings.ts";

/** A step's result and what the record says beside it. */
type AccountedStep = StepResult & { readonly examples: number } & Pick<StepLine, "overflow" | "rounding">;

/** A run in its output directory, whose lock the caller holds. */
export class TrainingRun {
  private readonly options: TrainOptions;
  private readonly config: TrainConfig;
  private readonly recipe: Recipe;
  private readonly state: ModelState;
  private readonly batches: RunBatches;
  private readonly step: TrainStep;
  private readonly evaluator: Evaluator;
  private readonly totalSteps: number;
  private readonly identity: RunIdentity;
  private readonly telemetry: StepTelemetry;
  private watch: DivergenceWatch;
  private done = 0;
  /** Steps of the checkpoint that was written or read last; −1: none. */
  private saved = -1;
  private sums = new EpochSums();
  private skippedSteps = 0;
  private metrics: Record<string, number> = {};
  private status: EndStatus | undefined;
  private firstNonFinite: NonFiniteTensor | undefined;

  constructor(options: TrainOptions, recipe: Recipe, model: Classifier) {
    const { config, data, kernels, dataWorkers: workers, initialWeights } = options;
    this.options = options;
    this.config = config;
    this.recipe = recipe;
    const { batchSize, trainLimit, testLimit, seed } = config;
    const task = imageTask(data, config);
    const { size } = task;
    const sizes = { batchSize, testBatchSize: testBatchSize(batchSize, size), size, trainLimit, testLimit };
    this.batches = openBatches(data, { ...sizes, seed, workers });
    const { imageShape, batchesPerEpoch: stepsPerEpoch } = this.batches.train;
    this.state = initialState(model, seed);
    if (initialWeights !== undefined) beginWith(initialWeights, this.state, config, task);
    this.totalSteps = config.epochs * stepsPerEpoch;
    const optimizer = createOptimizer(config.optimizer, { totalSteps: this.totalSteps, stepsPerEpoch });
    const shared = { recipe, kernels, state: this.state };
    this.step = compileTrainStep(model, {
      ...shared,
      batchShape: [batchSize, ...imageShape],
      seed,
      optimizer,
    });
    this.evaluator = compileEvaluator(model, this.batches.test, shared);
    this.telemetry = new StepTelemetry(this.step, this.state, kernels);
    this.watch = new DivergenceWatch(this.state, { nonFiniteSteps: 0, stuckSteps: 0, skippedSteps: 0 });
    const dataSha256 = data.provenance.sha256;
    const initialWeightsSha256 = initialWeights?.sha256;
    this.identity = { config, dataSha256, recipeSha256: recipeSha256(recipe), initialWeightsSha256 };
  }

  async execute(): Promise<TrainResult> {
    const checkpoint = await this.restore();
    const header = () =>
      headerLine(this.options, this.recipe, this.batches.train.examples, this.evaluator.examples);
    const journal = new Journal(this.options.out, this.done);
    try {
      journal.begin(header);
      const { done: step, kernels } = this;
      if (checkpoint !== undefined) this.warn(resumeWarnings(checkpoint, { step, kernels }), journal);
      if (step === 0) this.warn(skippedWarnings(skippedInputs(this.options.data)), journal);
      const status = await this.trainEpochs(journal);
      const { metrics, firstNonFinite } = this;
      journal.write({ type: "end", status, metrics, ...(firstNonFinite && { firstNonFinite }) });
      journal.sync();
      return this.result(status, journal);
    } finally {
      journal.close();
      await this.batches.close();
    }
  }

  private async restore(): Promise<Checkpoint | undefined> {
    const { out, keep = DEFAULT_KEEP } = this.options;
    await removePartialCheckpoints(out);
    if (this.options.resume !== true) {
      await removeCheckpoints(out);
      return undefined;
    }
    const checkpoint = await newestCheckpoint(out);
    if (checkpoint === undefined) return undefined;
    restoreState(checkpoint, this.state, this.identity);
    await pruneCheckpoints(out, checkpoint.manifest.position.step, keep);
    const { step, metrics, ...rest } = checkpoint.manifest.position;
    this.done = step;
    this.saved = step;
    this.sums = EpochSums.at(rest);
    this.metrics = { ...metrics };
    this.skippedSteps = this.step.skippedSteps();
    this.watch = new DivergenceWatch(this.state, { ...rest, skippedSteps: this.skippedSteps });
    this.status = rest.status;
    this.firstNonFinite = rest.firstNonFinite;
    return checkpoint;
  }

  /** Goes into the record, and to whoever watches. */
  private warn(warnings: ReturnType<typeof skippedWarnings>, journal: Journal): void {
    for (const { code, message } of warnings) {
      journal.write({ type: "warning", step: this.done, code, message });
      this.options.onWarning?.(message);
    }
  }

  private get kernels(): string {
    const { name, tier } = this.options.kernelRecord;
    return `${name} ${tier}`;
  }

  private async trainEpochs(journal: Journal): Promise<EndStatus> {
    const perEpoch = this.batches.train.batchesPerEpoch;
    while (this.status === undefined && this.done < this.totalSteps) {
      const epoch = Math.floor(this.done / perEpoch);
      const stopped = await this.trainEpoch(epoch, this.done % perEpoch, journal);
      if (stopped === "interrupted") {
        await this.checkpoint(journal);
        return stopped;
      }
      if (stopped === "diverged") {
        this.firstNonFinite = await this.locateNonFinite();
        this.status = stopped;
        await this.checkpoint(journal);
      } else {
        await this.finishEpoch(epoch, journal);
      }
    }
    return this.status ?? "finished";
  }

  /** Runs the remaining batches of an epoch; returns why it stopped early, if it did. */
  private async trainEpoch(
    epoch: number,
    fromBatch: number,
    journal: Journal,
  ): Promise<EndStatus | undefined> {
    const batches = this.batches.train.pass(epoch, fromBatch);
    try {
      return await this.trainBatches(batches, epoch, journal);
    } finally {
      await batches.return();
    }
  }

  private async trainBatches(
    batches: AsyncGenerator<Batch, void, void>,
    epoch: number,
    journal: Journal,
  ): Promise<EndStatus | undefined> {
    let next = await nextBatch(batches);
    while (next.batch !== undefined) {
      if (this.options.signal?.aborted) return "interrupted";
      this.watch.beforeStep(this.done);
      const began = performance.now();
      const { examples, skipped = [] } = next.batch;
      this.place(next.batch);
      const placed = performance.now();
      const losses = await this.roundingLosses();
      const aside = performance.now() - placed;
      const running = this.step.run(this.done);
      // The next batch is prepared in the loader's own buffers while the step works on the plan's.
      const [result, following] = await Promise.all([running, nextBatch(batches)]);
      next = following;
      if (!Number.isFinite(result.loss))
        requireFiniteBatch(this.step, this.done + 1, this.options.data.provenance.name);
      this.done++;
      const last = next.batch === undefined;
      journal.timed(this.done, examples, (performance.now() - began - aside) / 1000, last);
      const overflow =
        result.skippedSteps > this.skippedSteps ? await this.telemetry.overflowed() : undefined;
      this.account(epoch, { ...result, ...losses, ...(overflow && { overflow }), examples }, journal);
      this.warn(skippedWarnings(skipped), journal);
      if (this.watch.afterStep(result)) return "diverged";
      if (!last && this.done % (this.options.checkpointEvery ?? Infinity) === 0)
        await this.checkpoint(journal);
    }
    if (next.failure === undefined) return undefined;
    // The data of the next step cannot be had. What was done is kept, so that the run can go on when they can.
    await this.checkpoint(journal);
    throw next.failure;
  }

  private async locateNonFinite(): Promise<NonFiniteTensor | undefined> {
    const { built, externals } = this.step.plan;
    const probe = prepareNonFiniteProbe(built, this.options.kernels, externals);
    const perEpoch = this.batches.train.batchesPerEpoch;
    const prepare = async (step: number) => {
      this.step.control(step);
      for await (const batch of this.batches.train.pass(Math.floor(step / perEpoch), step % perEpoch)) {
        this.place(batch);
        break;
      }
    };
    return this.watch.locate(this.done, { prepare, probe });
  }

  /** Brings a batch into the arrays of the step, in the order that the configuration asks for. */
  private place({ images, labels }: Batch): void {
    this.step.images.set(images);
    this.step.labels.set(labels);
    if (this.config.batchOrder === "reversed") reverseRows(this.step);
  }

  /** Looked at before the step, which would change the state. */
  private async roundingLosses(): Promise<Pick<StepLine, "rounding">> {
    const { telemetryEvery } = this.config;
    if (telemetryEvery === undefined || this.done % telemetryEvery !== 0) return {};
    this.step.control(this.done);
    const rounding = await this.telemetry.roundingLosses();
    return rounding.length > 0 ? { rounding } : {};
  }

  private account(epoch: number, result: AccountedStep, journal: Journal): void {
    const { loss, correct, examples, learningRate, lossScale, skippedSteps, overflow, rounding } = result;
    this.sums.add({ loss, correct, examples });
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
      ...(overflow && { overflow }),
      ...(rounding && { rounding }),
    });
    this.report("train", epoch, { loss, accuracy: this.sums.accuracy }, journal);
  }

  private async finishEpoch(epoch: number, journal: Journal): Promise<void> {
    const test = await this.evaluator.run();
    const { loss: trainLoss, accuracy: trainAccuracy, examples } = this.sums;
    const metrics = { trainLoss, trainAccuracy, testLoss: test.loss, testAccuracy: test.accuracy };
    const trained = this.batches.train.batchesPerEpoch * this.config.batchSize;
    const skippedPictures = trained - examples + test.skipped.length;
    const skips: { skippedPictures?: number } = skippedPictures > 0 ? { skippedPictures } : {};
    this.metrics = { ...metrics, skippedSteps: this.skippedSteps, ...skips };
    this.sums = new EpochSums();
    journal.write({ type: "epoch", epoch: epoch + 1, step: this.done, ...metrics, ...skips });
    this.warn(skippedWarnings(test.skipped), journal);
    this.report("evaluate", epoch, test, journal);
    if (this.done === this.totalSteps) this.status = "finished";
    await this.checkpoint(journal);
  }

  /** Writes the state after the steps done, unless the last checkpoint is of that very step. */
  private async checkpoint(journal: Journal): Promise<void> {
    if (this.saved === this.done && this.status !== "diverged") return;
    journal.sync();
    const { out, keep = DEFAULT_KEEP, files, config, data } = this.options;
    const manifest = {
      version: MANIFEST_VERSION,
      roundoffVersion: packageVersion(),
      catalogueSha256: catalogueSha256(),
      ...this.identity,
      kernels: this.kernels,
      task: imageTask(data, config),
      random: { generator: RANDOM_GENERATOR, seed: config.seed, step: this.done },
      position: this.position(),
    } as const;
    await saveCheckpoint(out, this.state, manifest, {
      formats: stateFormats(this.step.plan.built.plan),
      keep,
      files,
    });
    this.saved = this.done;
  }

  private position(): RunPosition {
    const perEpoch = this.batches.train.batchesPerEpoch;
    const { status, firstNonFinite } = this;
    return {
      step: this.done,
      epoch: Math.floor(this.done / perEpoch),
      batch: this.done % perEpoch,
      ...this.sums.position(),
      nonFiniteSteps: this.watch.nonFiniteSteps,
      stuckSteps: this.watch.stuckSteps,
      metrics: this.metrics,
      ...(status && { status }),
      ...(firstNonFinite && { firstNonFinite }),
    };
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
      checkpointPath: checkpointPath(out, this.saved),
      ...(this.firstNonFinite && { firstNonFinite: this.firstNonFinite }),
    };
  }
}
