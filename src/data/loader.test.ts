import { describe, expect, it } from "vitest";
import { ruledImages } from "./fixtures.ts";
import type { Batch } from "./loader.ts";
import { createEvalLoader, createTrainLoader, IGNORED_LABEL } from "./loader.ts";

/** Batches share their buffers, so tests look at copies. */
const copies = (batches: Iterable<Batch>): { images: number[]; labels: number[]; examples: number }[] =>
  Array.from(batches, ({ images, labels, examples }) => ({
    images: [...images],
    labels: [...labels],
    examples,
  }));

describe("createTrainLoader", () => {
  // 15 pictures of one pixel, 1 … 15 (std 1/255 makes the normalised value the pixel itself, up to rounding).
  const set = ruledImages(15, 1);
  const pixelsOf = (batches: Iterable<Batch>): number[] =>
    copies(batches).flatMap(({ images }) => images.map(Math.round));

  it("shows every example at most once an epoch, in full batches, with its own label", () => {
    const loader = createTrainLoader(set, { batchSize: 4, seed: 1, augment: false });
    expect(loader).toMatchObject({ batchesPerEpoch: 3, examples: 15, imageShape: [1, 1, 1] });
    const batches = copies(loader.epoch(0));
    expect(batches.map(({ labels }) => labels.length)).toEqual([4, 4, 4]);
    const pixels = batches.flatMap(({ images }) => images.map(Math.round));
    expect(new Set(pixels).size).toBe(12);
    expect(batches.flatMap(({ labels }) => labels)).toEqual(pixels.map((pixel) => (pixel - 1) % 10));
  });

  it("orders by seed and epoch alone", () => {
    const order = (seed: number, epoch: number): string =>
      pixelsOf(createTrainLoader(set, { batchSize: 15, seed, augment: false }).epoch(epoch)).join();
    expect(order(1, 0)).toBe(order(1, 0));
    expect(new Set([order(1, 0), order(1, 1), order(2, 0)]).size).toBe(3);
  });

  it("resumes within an epoch with the very same pictures, augmentation included", () => {
    const pictures = ruledImages(30, 8);
    const make = () => createTrainLoader(pictures, { batchSize: 4, seed: 5, padTo: 12 });
    const whole = copies(make().epoch(2));
    expect(whole).toHaveLength(7);
    expect(copies(make().epoch(2, { fromBatch: 3 }))).toEqual(whole.slice(3));
    expect(copies(make().epoch(3))).not.toEqual(whole);
  });

  it("augments a picture the same way whatever batch it is in", () => {
    const pictures = ruledImages(20, 8);
    // Each label occurs twice; the pair (label, picture) identifies the example and its placement.
    const rows = (batchSize: number): Set<string> =>
      new Set(
        copies(createTrainLoader(pictures, { batchSize, seed: 5, padTo: 12 }).epoch(1)).flatMap(
          ({ images, labels }) =>
            labels.map((label, row) => `${label}: ${images.slice(row * 144, (row + 1) * 144).join()}`),
        ),
      );
    expect(rows(5)).toEqual(rows(20));
  });

  it("shuffles and augments independently, so that turning one off leaves the other", () => {
    const pictures = ruledImages(10, 8);
    const labels = (augment: boolean): number[][] =>
      copies(createTrainLoader(pictures, { batchSize: 5, seed: 1, augment }).epoch(0)).map(
        (batch) => batch.labels,
      );
    expect(labels(true)).toEqual(labels(false));
  });

  it("takes the first `limit` examples, or all there are", () => {
    const limited = createTrainLoader(set, { batchSize: 2, seed: 1, augment: false, limit: 6 });
    expect(limited).toMatchObject({ examples: 6, batchesPerEpoch: 3 });
    expect(new Set(pixelsOf(limited.epoch(0)))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    expect(createTrainLoader(set, { batchSize: 2, seed: 1, limit: 99 }).examples).toBe(15);
  });

  it("writes into the caller's buffers, and checks them", () => {
    const loader = createTrainLoader(set, { batchSize: 4, seed: 1, augment: false });
    const into = { images: new Float32Array(4), labels: new Int32Array(4) };
    for (const batch of loader.epoch(0, { into })) expect(batch.images).toBe(into.images);
    expect([...into.images]).not.toEqual([0, 0, 0, 0]);
    const short = { ...into, images: new Float32Array(3) };
    expect(() => loader.epoch(0, { into: short }).next()).toThrow(
      expect.objectContaining({
        code: "SHAPE_MISMATCH",
        message: expect.stringMatching(/\[4, 1, 1, 1\].*3 image/),
      }),
    );
  });

  it("refuses sizes that make no batch", () => {
    const refused = (more: object, message: RegExp): void => {
      expect(() => createTrainLoader(set, { batchSize: 4, seed: 1, ...more })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) }),
      );
    };
    refused({ batchSize: 16 }, /larger than the training set.*at most 15; received 16/);
    refused({ batchSize: 0 }, /batchSize is not a positive integer/);
    refused({ limit: 1.5 }, /limit is not a positive integer/);
    refused({ padTo: 0 }, /padTo is smaller.*at least 1; received 0/);
  });
});

describe("createEvalLoader", () => {
  const set = ruledImages(5, 1);

  it("shows every example once in file order and fills up the last batch", () => {
    const loader = createEvalLoader(set, { batchSize: 2 });
    expect(loader.batchesPerEpoch).toBe(3);
    const batches = copies(loader.batches());
    expect(batches.map(({ labels }) => labels)).toEqual([
      [0, 1],
      [2, 3],
      [4, IGNORED_LABEL],
    ]);
    expect(batches.map(({ images }) => images.map(Math.round))).toEqual([
      [1, 2],
      [3, 4],
      [5, 0],
    ]);
    expect(batches.map(({ examples }) => examples)).toEqual([2, 2, 1]);
  });

  it("pads with normalised pixel 0 and obeys the limit", () => {
    const shifted = { ...set, mean: 0.5, std: 0.5 };
    const [batch] = copies(createEvalLoader(shifted, { batchSize: 1, padTo: 2, limit: 1 }).batches());
    expect(batch.images).toEqual([Math.fround((1 / 255 - 0.5) / 0.5), -1, -1, -1]);
    expect(copies(createEvalLoader(shifted, { batchSize: 1, padTo: 2, limit: 1 }).batches())).toHaveLength(1);
  });
});
