/**
 * What a training run reads its pictures from, whichever kind of data set it has: passes of batches, in memory or prepared ahead
 * from the disk. Knows nothing of models.
 */
import { availableParallelism } from "node:os";
import type { ImageSplits } from "./image-set.ts";
import { testPictureBatches, trainPictureBatches } from "./images/picture-batches.ts";
import type { PictureIndex } from "./images/picture-index.ts";
import { createRowPool } from "./images/row-pool.ts";
import type { BatchSource, SkippedInput } from "./loader.ts";
import { createEvalLoader, createTrainLoader } from "./loader.ts";

/** Pictures in memory, or a list of pictures on the disk. */
export type TrainingData = ImageSplits | PictureIndex;

/** Both splits of a run. */
export interface RunBatches {
  readonly train: BatchSource;
  readonly test: BatchSource;
  /** Ends worker threads, if there are any. */
  close(): Promise<void>;
}

export interface BatchesOptions {
  readonly seed: number;
  readonly batchSize: number;
  readonly testBatchSize: number;
  /** Rows and columns of a batch's pictures: padded to, or resized and cropped to. */
  readonly size: number;
  readonly trainLimit?: number;
  readonly testLimit?: number;
  /** Threads that decode pictures from the disk; 0: the caller's. Default: half the processors, one to eight. */
  readonly workers?: number;
}

/** What a model must be made for. */
export interface DataShape {
  readonly channels: number;
  readonly classes: number;
  /** Rows and columns if nothing else is asked for. */
  readonly size: number;
}

/** What models are made for when a set is in memory, and what ImageNet's are made for. */
const MEMORY_SIZE = 32;
const DISK_SIZE = 224;

export function dataShape(data: TrainingData): DataShape {
  if (isOnDisk(data)) return { channels: 3, classes: data.classes, size: DISK_SIZE };
  return { channels: data.train.channels, classes: data.train.classes, size: MEMORY_SIZE };
}

/** What was left out while the set was listed. */
export function skippedInputs(data: TrainingData): readonly SkippedInput[] {
  return isOnDisk(data) ? data.skipped : [];
}

/** Throws INVALID_ARGUMENT for sizes that make no batch. Threads begin to work when a pass is asked for its first batch. */
export function openBatches(data: TrainingData, options: BatchesOptions): RunBatches {
  return isOnDisk(data) ? fromDisk(data, options) : fromMemory(data, options);
}

function isOnDisk(data: TrainingData): data is PictureIndex {
  return "kind" in data;
}

function fromMemory({ train, test }: ImageSplits, options: BatchesOptions): RunBatches {
  const { seed, batchSize, testBatchSize, size: padTo, trainLimit, testLimit } = options;
  const training = createTrainLoader(train, { batchSize, padTo, limit: trainLimit, seed });
  const testBatch = Math.min(testBatchSize, testLimit ?? test.labels.length, test.labels.length);
  const evaluation = createEvalLoader(test, { batchSize: testBatch, padTo, limit: testLimit });
  return {
    train: {
      ...training,
      async *pass(epoch, fromBatch = 0) {
        yield* training.epoch(epoch, { fromBatch });
      },
    },
    test: {
      ...evaluation,
      async *pass() {
        yield* evaluation.batches();
      },
    },
    async close() {},
  };
}

function fromDisk(index: PictureIndex, options: BatchesOptions): RunBatches {
  const { seed, batchSize, testBatchSize, size, trainLimit, testLimit } = options;
  const half = Math.floor(availableParallelism() / 2);
  const pool = createRowPool(options.workers ?? Math.min(8, Math.max(1, half)));
  const testBatch = Math.min(testBatchSize, testLimit ?? index.test.length, index.test.length);
  return {
    train: trainPictureBatches(index, { pool, batchSize, size, limit: trainLimit, seed }),
    test: testPictureBatches(index, { pool, batchSize: testBatch, size, limit: testLimit }),
    close: () => pool.close(),
  };
}
