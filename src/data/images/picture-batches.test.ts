/** Batches from the disk: the same bits for any number of workers and across resume; bad pictures by policy. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inTemporaryDirectory } from "../fixtures.ts";
import { type Batch, IGNORED_LABEL } from "../loader.ts";
import { openPictures } from "./open-pictures.ts";
import { testPictureBatches, trainPictureBatches } from "./picture-batches.ts";
import type { BadImages } from "./picture-index.ts";
import { drawBox } from "./picture-view.ts";
import { pictureFolder, writeFiles } from "./pictures.fixture.ts";
import { createRowPool } from "./row-pool.ts";

const FILES = pictureFolder({ train: 5, test: 3 });

/** Copies, because batches share their buffers. */
async function copies(pass: AsyncIterable<Batch>) {
  const found = [];
  for await (const { images, labels, examples, skipped } of pass)
    found.push({
      images: Buffer.from(images.slice().buffer).toString("base64"),
      labels: [...labels],
      examples,
      skipped,
    });
  return found;
}

/** Opens batches of four pictures, 16 × 16, on so many workers. */
async function withBatches<T>(
  directory: string,
  workers: number,
  body: (batches: {
    train: ReturnType<typeof trainPictureBatches>;
    test: ReturnType<typeof testPictureBatches>;
  }) => Promise<T>,
  badImages: BadImages = "fail",
): Promise<T> {
  const index = openPictures("imagefolder", { directory, badImages });
  const pool = createRowPool(workers);
  const options = { pool, batchSize: 4, size: 16 };
  try {
    return await body({
      train: trainPictureBatches(index, { ...options, seed: 3 }),
      test: testPictureBatches(index, options),
    });
  } finally {
    await pool.close();
  }
}

describe("batches of pictures", () => {
  it("do not depend on the number of workers, nor on where an epoch is resumed", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, FILES);
      const passes = (workers: number) =>
        withBatches(directory, workers, async ({ train, test }) => ({
          first: await copies(train.pass(0)),
          second: await copies(train.pass(1)),
          resumed: await copies(train.pass(1, 1)),
          test: await copies(test.pass(0)),
        }));
      const alone = await passes(0);
      expect(alone.first).toHaveLength(2);
      expect(alone.first).not.toEqual(alone.second);
      expect(alone.resumed).toEqual(alone.second.slice(1));
      expect(alone.test.map(({ labels }) => labels)).toEqual([
        [0, 0, 0, 1],
        [1, 1, IGNORED_LABEL, IGNORED_LABEL],
      ]);
      for (const workers of [1, 3]) expect(await passes(workers)).toEqual(alone);
    }));

  it("leave a pass before its end without a worker writing into the next one", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, FILES);
      await withBatches(directory, 2, async ({ train }) => {
        const whole = await copies(train.pass(0));
        for await (const _ of train.pass(1)) break;
        expect(await copies(train.pass(0))).toEqual(whole);
      });
    }));

  it("end with an error that names the first bad picture of the batch", () =>
    inTemporaryDirectory(async (directory) => {
      const bytes = FILES["val/cat/1.JPEG"];
      writeFiles(directory, { ...FILES, "val/cat/1.JPEG": bytes.subarray(0, 300), "val/dog/0.JPEG": "" });
      const error = {
        code: "DATA_CORRUPT",
        message: expect.stringMatching(
          /picture val\/cat\/1\.JPEG cannot be used: it is cut off.*--bad-images skip/,
        ),
      };
      for (const workers of [0, 2]) {
        await withBatches(directory, workers, ({ test }) =>
          expect(copies(test.pass(0))).rejects.toThrow(expect.objectContaining(error)),
        );
      }
    }));

  it("or leave bad pictures out, named, their rows repeated and their labels ignored", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, { ...FILES, "val/cat/1.JPEG": "", "val/dog/1.JPEG": "x" });
      const passes = (workers: number) =>
        withBatches(directory, workers, ({ test }) => copies(test.pass(0)), "skip");
      const [first, second] = await passes(0);
      expect(await passes(2)).toEqual([first, second]);
      expect(first).toMatchObject({
        labels: [0, IGNORED_LABEL, 0, 1],
        examples: 3,
        skipped: [{ name: "val/cat/1.JPEG", reason: expect.stringMatching(/it is empty/) }],
      });
      const pixels = new Float32Array(new Uint8Array(Buffer.from(first.images, "base64")).buffer);
      const row = (i: number) => [...pixels.subarray(i * 768, (i + 1) * 768)];
      expect(row(1)).toEqual(row(0));
      expect(second).toMatchObject({ labels: [IGNORED_LABEL, 1, IGNORED_LABEL, IGNORED_LABEL], examples: 1 });
    }));

  it("refuse to train on a batch of nothing, also when the files are gone", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, FILES);
      await withBatches(
        directory,
        1,
        async ({ train }) => {
          rmSync(join(directory, "train"), { recursive: true });
          await expect(copies(train.pass(0))).rejects.toThrow(
            /none of the 4 pictures of a batch.*cannot read/,
          );
        },
        "skip",
      );
    }));
});

describe("drawBox", () => {
  it("stays inside, keeps area and shape in their ranges, and falls back to the middle", () => {
    let word = 1;
    const uniform = () => {
      word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
      return word / 2 ** 32;
    };
    const areas: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const { left, top, width, height } = drawBox({ width: 400, height: 300 }, uniform);
      expect(Math.min(left, top, 400 - left - width, 300 - top - height)).toBeGreaterThanOrEqual(0);
      expect(width / height).toBeGreaterThan(0.73);
      expect(width / height).toBeLessThan(1.36);
      areas.push((width * height) / 120_000);
    }
    expect(Math.min(...areas)).toBeGreaterThan(0.075);
    expect(Math.max(...areas)).toBeGreaterThan(0.9);
    expect(drawBox({ width: 1000, height: 10 }, () => 0.999)).toEqual({
      left: 493,
      top: 0,
      width: 13,
      height: 10,
    });
    expect(drawBox({ width: 1, height: 1 }, () => 0)).toMatchObject({ width: 1, height: 1 });
  });
});
