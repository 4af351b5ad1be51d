/**
 * Batches of normalised pictures. Training: shuffled and augmented from named random streams, resumable at any
 * (epoch, batch). Evaluation: file order, nothing random. Writes into buffers that are used again for every batch.
 * Knows nothing of models.
 */
import { require } from "../base/errors.ts";
import { randomStream } from "../random/streams.ts";
import type { Placement } from "./augment.ts";
import { CENTRED, drawPlacement, fillBackground, normalisationTable, writePicture } from "./augment.ts";
import type { ImageSet } from "./image-set.ts";

/** The label of a row that fills up the last batch of an evaluation; losses and counts must ignore it. */
export const IGNORED_LABEL = -100;

/** The buffers of a batch. images: [batchSize, padTo, padTo, channels] (NHWC). labels: [batchSize]. */
export interface BatchBuffers {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

export interface Batch extends BatchBuffers {
  /** Rows that are examples; the rest, only in the last batch of an evaluation, are filled up. */
  readonly examples: number;
  /** Pictures of the batch that were left out, with their rows' labels ignored; absent: none. */
  readonly skipped?: readonly SkippedInput[];
}

/** Something that is left out of a set or a batch, and why. */
export interface SkippedInput {
  readonly name: string;
  readonly reason: string;
}

/** Sizes that both kinds of loader need; all that `createEvalLoader` needs. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** Height and width to pad to, at least the pictures' own. Default: the height. */
  readonly padTo?: number;
  /**
   * Use only the first `limit` examples in file order (all, if there are fewer). Fashion-MNIST's files are shuffled
   * already: its first 1,000 hold 86 to 115 of each class, its first 10,000 942 to 1,027.
   */
  readonly limit?: number;
}

export interface TrainLoaderOptions extends LoaderOptions {
  /** Seed of the streams `shuffle` and `augment`. */
  readonly seed: number;
  /** Flip and shift the pictures. Default: true. */
  readonly augment?: boolean;
}

export interface EpochOptions {
  /** First batch to yield, from 0: to resume within an epoch. */
  readonly fromBatch?: number;
  /** Where to write each batch, such as arrays bound to a plan; default: buffers made once for the whole pass. */
  readonly into?: BatchBuffers;
}

/** What both kinds of loader tell. */
export interface Loader {
  readonly batchSize: number;
  /** Examples in use, after `limit`. */
  readonly examples: number;
  readonly batchesPerEpoch: number;
  /** [height, width, channels] of a batch's pictures. */
  readonly imageShape: readonly [number, number, number];
}

/** One split in batches, in memory or prepared ahead. */
export interface BatchSource extends Loader {
  /** The batches of an epoch (from 0) from `fromBatch` on. A batch's buffers hold until the next one is asked for. */
  pass(epoch: number, fromBatch?: number): AsyncGenerator<Batch, void, void>;
}

export interface TrainLoader extends Loader {
  /** The batches of an epoch (from 0). Every batch is full; what is left over at the end is not seen this epoch. */
  epoch(epoch: number, options?: EpochOptions): IterableIterator<Batch>;
}

export interface EvalLoader extends Loader {
  /** Every example once, in file order; the last batch is filled up with `IGNORED_LABEL` and background. */
  batches(options?: Pick<EpochOptions, "into">): IterableIterator<Batch>;
}

/**
 * Batches for training. Order: one permutation per epoch; placement of a picture: by (epoch, example). Throws
 * INVALID_ARGUMENT for sizes that make no batch.
 */
export function createTrainLoader(set: ImageSet, options: TrainLoaderOptions): TrainLoader {
  const { seed, augment = true } = options;
  const shared = prepare(set, options);
  const { batchSize, examples, write } = shared;
  const batchesPerEpoch = Math.floor(examples / batchSize);
  require(batchesPerEpoch > 0, "INVALID_ARGUMENT", () => ({
    what: "the batch size is larger than the training set",
    expected: `a batch size of at most ${examples}`,
    received: `${batchSize}`,
  }));
  return {
    ...shared.loader,
    batchesPerEpoch,
    *epoch(epoch, { fromBatch = 0, into = shared.buffers() } = {}) {
      shared.check(into);
      const order = randomStream({ seed, stream: "shuffle", step: epoch }).permutation(examples);
      for (let batch = fromBatch; batch < batchesPerEpoch; batch++) {
        for (let row = 0; row < batchSize; row++) {
          const example = order[batch * batchSize + row];
          write(into, row, example, augment ? drawPlacement(seed, epoch, example, set.maxShift) : CENTRED);
        }
        yield { ...into, examples: batchSize };
      }
    },
  };
}

/** Batches for evaluation; see `EvalLoader`. Throws INVALID_ARGUMENT for impossible sizes. */
export function createEvalLoader(set: ImageSet, options: LoaderOptions): EvalLoader {
  const shared = prepare(set, options);
  const { batchSize, examples, write } = shared;
  const batchesPerEpoch = Math.ceil(examples / batchSize);
  return {
    ...shared.loader,
    batchesPerEpoch,
    *batches({ into = shared.buffers() } = {}) {
      shared.check(into);
      for (let first = 0; first < examples; first += batchSize) {
        const count = Math.min(batchSize, examples - first);
        for (let row = 0; row < count; row++) write(into, row, first + row, CENTRED);
        shared.clear(into.images.subarray(count * shared.pictureElements));
        into.labels.fill(IGNORED_LABEL, count);
        yield { ...into, examples: count };
      }
    },
  };
}

/** What both loaders share: checked sizes, the normalisation table, buffers, and the writer of one row. */
function prepare(set: ImageSet, options: LoaderOptions) {
  const { batchSize, padTo = set.height, limit = set.labels.length } = options;
  requirePositive("batchSize", batchSize);
  requirePositive("limit", limit);
  require(Number.isInteger(padTo) && padTo >= set.height && padTo >= set.width, "INVALID_ARGUMENT", () => ({
    what: "padTo is smaller than the pictures",
    expected: `an integer of at least ${Math.max(set.height, set.width)}`,
    received: `${padTo}`,
  }));
  const examples = Math.min(limit, set.labels.length);
  const pictureElements = padTo * padTo * set.channels;
  const table = normalisationTable(set);
  const imageShape: readonly [number, number, number] = [padTo, padTo, set.channels];
  return {
    batchSize,
    examples,
    pictureElements,
    clear: (rows: Float32Array): void => fillBackground(rows, table),
    loader: { batchSize, examples, imageShape },
    buffers: (): BatchBuffers => ({
      images: new Float32Array(batchSize * pictureElements),
      labels: new Int32Array(batchSize),
    }),
    check: ({ images, labels }: BatchBuffers): void => {
      const fits = images.length === batchSize * pictureElements && labels.length === batchSize;
      require(fits, "SHAPE_MISMATCH", () => ({
        what: "the buffers do not fit the loader's batches",
        expected: `images [${[batchSize, ...imageShape].join(", ")}] and labels [${batchSize}]`,
        received: `${images.length} image elements and ${labels.length} labels`,
      }));
    },
    write: ({ images, labels }: BatchBuffers, row: number, example: number, placement: Placement): void => {
      writePicture(set, example, placement, { target: images, offset: row * pictureElements, padTo, table });
      labels[row] = set.labels[example];
    },
  };
}

function requirePositive(name: string, value: number): void {
  require(Number.isInteger(value) && value > 0, "INVALID_ARGUMENT", () => ({
    what: `${name} is not a positive integer`,
    received: `${value}`,
  }));
}
