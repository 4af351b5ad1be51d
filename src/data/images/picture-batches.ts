/**
 * Batches of pictures that lie on the disk, prepared ahead of the step that needs them: a few batches are always under way in worker
 * threads. Order and views follow from (seed, epoch, example), so neither the number of workers nor a resume changes a bit.
 */
import { RoundoffError, require } from "../../base/errors.ts";
import { randomStream } from "../../random/streams.ts";
import { type Batch, type BatchSource, IGNORED_LABEL, type SkippedInput } from "../loader.ts";
import { type PictureEntry, type PictureIndex, SKIP_HINT } from "./picture-index.ts";
import type { View } from "./picture-view.ts";
import type { RowFault } from "./prepare-row.ts";
import type { RowPool } from "./row-pool.ts";

/** Batches under way or ready beside the one in use. */
const BATCHES_AHEAD = 3;

export interface PictureBatchOptions {
  readonly pool: RowPool;
  readonly batchSize: number;
  /** Rows and columns. */
  readonly size: number;
  /** Use only so many examples; of training sets, which are sorted by class, evenly spread ones. */
  readonly limit?: number;
}

/** The buffers of one batch, shared with the workers. */
interface Slot {
  readonly shared: SharedArrayBuffer;
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** The examples of one batch: places in `entries`, and how each is looked at. */
type Rows = readonly { readonly example: number; readonly view: View }[];

/** Shuffled, randomly cropped and flipped; every batch full, what is left over is not seen this epoch. */
export function trainPictureBatches(
  index: PictureIndex,
  options: PictureBatchOptions & { readonly seed: number },
): BatchSource {
  const { batchSize, seed } = options;
  const entries = spread(index.train, options.limit);
  const batchesPerEpoch = Math.floor(entries.length / batchSize);
  require(batchesPerEpoch > 0, "INVALID_ARGUMENT", () => ({
    what: "the batch size is larger than the training set",
    expected: `a batch size of at most ${entries.length}`,
    received: `${batchSize}`,
  }));
  const rows = (order: Uint32Array, epoch: number, batch: number): Rows =>
    Array.from(order.subarray(batch * batchSize, (batch + 1) * batchSize), (example) => ({
      example,
      view: { kind: "random", seed, epoch, example },
    }));
  return batches(index, entries, { ...options, batchesPerEpoch, mayBeEmpty: false }, (epoch) => {
    const order = randomStream({ seed, stream: "shuffle", step: epoch }).permutation(entries.length);
    return (batch) => rows(order, epoch, batch);
  });
}

/** Every example once, in the order of the list, its middle; the last batch is filled up with ignored rows. */
export function testPictureBatches(index: PictureIndex, options: PictureBatchOptions): BatchSource {
  const { batchSize } = options;
  const entries = spread(index.test, options.limit);
  const batchesPerEpoch = Math.ceil(entries.length / batchSize);
  return batches(index, entries, { ...options, batchesPerEpoch, mayBeEmpty: true }, () => (batch) => {
    const first = batch * batchSize;
    const count = Math.min(batchSize, entries.length - first);
    return Array.from({ length: count }, (_, row) => ({ example: first + row, view: { kind: "centre" } }));
  });
}

/** Evenly spread over the list, because it is sorted by class. */
function spread(entries: readonly PictureEntry[], limit = entries.length): readonly PictureEntry[] {
  if (limit >= entries.length) return entries;
  return Array.from({ length: limit }, (_, i) => entries[Math.floor((i * entries.length) / limit)]);
}

function batches(
  { badImages }: PictureIndex,
  entries: readonly PictureEntry[],
  options: PictureBatchOptions & { readonly batchesPerEpoch: number; readonly mayBeEmpty: boolean },
  plan: (epoch: number) => (batch: number) => Rows,
): BatchSource {
  const { pool, batchSize, size, batchesPerEpoch, mayBeEmpty } = options;
  const elements = size * size * 3;
  let slots: Slot[] | undefined;

  const fill = async (slot: Slot, rows: Rows): Promise<Batch> => {
    const faults = await Promise.all(
      rows.map(({ example, view }, row) =>
        pool.prepare({
          entry: located(entries[example]),
          view,
          target: slot.shared,
          offset: row * elements,
          size,
        }),
      ),
    );
    slot.labels.fill(IGNORED_LABEL);
    rows.forEach(({ example }, row) => {
      if (faults[row] === undefined) slot.labels[row] = entries[example].label;
    });
    const names = rows.map(({ example }) => entries[example].name);
    const skipped = skippedRows(names, faults, badImages);
    if (skipped.length === rows.length && !mayBeEmpty) throw emptyBatch(skipped);
    fillUp(slot.images, elements, faults);
    const { images, labels } = slot;
    return { images, labels, examples: rows.length - skipped.length, ...(skipped.length > 0 && { skipped }) };
  };

  async function* pass(epoch: number, fromBatch = 0): AsyncGenerator<Batch, void, void> {
    slots ??= Array.from({ length: BATCHES_AHEAD + 1 }, () => slotFor(batchSize, elements));
    const rowsOf = plan(epoch);
    const underWay: Promise<Batch>[] = [];
    let next = fromBatch;
    try {
      for (;;) {
        while (underWay.length < BATCHES_AHEAD && next < batchesPerEpoch) {
          const filling = fill(slots[next % slots.length], rowsOf(next));
          // It is awaited below; until then a failure is not an unhandled one.
          filling.catch(() => {});
          underWay.push(filling);
          next++;
        }
        const ready = underWay.shift();
        if (ready === undefined) return;
        yield await ready;
      }
    } finally {
      // The buffers belong to the next pass only when no worker writes into them any more.
      await Promise.allSettled(underWay);
    }
  }

  return { batchSize, examples: entries.length, batchesPerEpoch, imageShape: [size, size, 3], pass };
}

function slotFor(batchSize: number, elements: number): Slot {
  const shared = new SharedArrayBuffer(4 * batchSize * elements);
  return { shared, images: new Float32Array(shared), labels: new Int32Array(batchSize) };
}

/** Without the label, which workers do not need. */
function located({ name, path, member }: PictureEntry) {
  return { name, path, member };
}

/** What a batch leaves out. Under the policy `fail` the first fault in the order of the batch is the error. */
function skippedRows(
  names: readonly string[],
  faults: readonly RowFault[],
  badImages: PictureIndex["badImages"],
): readonly SkippedInput[] {
  const skipped = names.flatMap((name, row) => {
    const reason = faults[row];
    return reason === undefined ? [] : [{ name, reason }];
  });
  if (skipped.length === 0) return skipped;
  if (badImages === "fail") {
    throw new RoundoffError("DATA_CORRUPT", { what: skipped[0].reason, hint: SKIP_HINT });
  }
  return skipped;
}

function emptyBatch(skipped: readonly SkippedInput[]): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", {
    what: `none of the ${skipped.length} pictures of a batch can be used`,
    received: skipped[0].reason,
  });
}

/**
 * Rows without a picture repeat the first that has one: their labels are ignored, but batch norm sees every row, and a blank one
 * would shift its statistics.
 */
function fillUp(images: Float32Array, elements: number, faults: readonly RowFault[]): void {
  const good = faults.indexOf(undefined);
  if (good < 0) return;
  for (let row = 0; row * elements < images.length; row++) {
    if (row < faults.length && faults[row] === undefined) continue;
    images.copyWithin(row * elements, good * elements, (good + 1) * elements);
  }
}
