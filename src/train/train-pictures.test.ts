/** Runs on pictures from the disk, from end to end: learning, stopping and going on, pictures that cannot be used. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFiles } from "../../test/checkpoint-files.ts";
import { openPictures } from "../data/images/open-pictures.ts";
import { pictureFolder, tarBytes, writeFiles } from "../data/images/pictures.fixture.ts";
import { readRecord } from "../runlog/reader.ts";
import type { TrainConfig } from "./config.ts";
import { tinyConfig, tinyRun } from "./run.fixture.ts";
import { train } from "./run.ts";
import type { TrainOptions } from "./train-options.ts";

let root: string;
let pictures: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "roundoff-pictures-"));
  pictures = join(root, "pictures");
  writeFiles(pictures, FILES);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const FILES = pictureFolder({ train: 6, test: 3 });
const CONFIG: Partial<TrainConfig> = {
  model: "resnet18",
  modelOptions: { width: 2 },
  data: "imagefolder",
  imageSize: 32,
  batchSize: 4,
  epochs: 2,
};

function options(out: string, changes: Partial<TrainOptions> = {}): TrainOptions {
  const data = openPictures("imagefolder", { directory: pictures });
  return { ...tinyRun(join(root, out), CONFIG), data, dataWorkers: 0, ...changes };
}

function expectSameFiles(first: string, second: string): void {
  for (const file of ["run.jsonl", ...checkpointFiles(join(root, first)).slice(-3)]) {
    const [a, b] = [first, second].map((out) => readFileSync(join(root, out, file)));
    expect(a.equals(b), `${file} of ${second}`).toBe(true);
  }
}

describe("a run on a folder of pictures", () => {
  it("learns to tell two classes apart", async () => {
    const optimizer = { ...tinyConfig.optimizer, learningRate: 0.02 };
    const { recordPath } = await train(
      options("a", { config: { ...options("a").config, epochs: 8, optimizer } }),
    );
    const { header, epochs } = await readRecord(recordPath);
    expect(header.data).toMatchObject({
      name: "imagefolder",
      source: "directory",
      trainRows: 12,
      testRows: 6,
    });
    expect(epochs[7].trainLoss).toBeLessThan(0.7 * epochs[0].trainLoss);
  });

  it("ends in the same bytes with workers, and stopped in the middle of an epoch and resumed", async () => {
    await train(options("whole"));
    await train(options("workers", { dataWorkers: 2 }));
    expectSameFiles("whole", "workers");
    for (const stopAt of [1, 5]) {
      const abort = new AbortController();
      const out = `stopped${stopAt}`;
      const onProgress = ({ step }: { step: number }) => {
        if (step === stopAt) abort.abort();
      };
      const stopped = await train(options(out, { signal: abort.signal, onProgress, dataWorkers: 1 }));
      expect(stopped).toMatchObject({ status: "interrupted", steps: stopAt });
      await train(options(out, { resume: true }));
      expectSameFiles("whole", out);
    }
  });

  it("on tar shards is the run on the same pictures", async () => {
    const members = (split: string) =>
      tarBytes(
        Object.fromEntries(
          Object.entries(FILES)
            .filter(([path]) => path.startsWith(split))
            .flatMap(([path, bytes], i) => {
              const key = String(i).padStart(6, "0");
              const label = path.includes("/dog/") ? "1" : "0";
              return [
                [`${key}.${path.endsWith("png") ? "png" : "jpg"}`, bytes],
                [`${key}.cls`, label],
              ];
            }),
        ),
      );
    const shards = join(root, "shards");
    writeFiles(shards, { "train/0.tar": members("train"), "val/0.tar": members("val") });
    const data = openPictures("imageshards", { directory: shards });
    const losses = async (run: TrainOptions) =>
      (await readRecord((await train(run)).recordPath)).steps.map(({ loss }) => loss);
    expect(await losses(options("shards", { data }))).toEqual(await losses(options("folder")));
  });
});

describe("a picture that cannot be used", () => {
  const cut = FILES["train/dog/2.JPEG"].subarray(0, 400);

  it("ends the run with its name; what was done is kept, and the mended set goes on to the same end", async () => {
    await train(options("whole"));
    writeFileSync(join(pictures, "train/dog/2.JPEG"), cut);
    await expect(train(options("run"))).rejects.toThrow(
      expect.objectContaining({
        code: "DATA_CORRUPT",
        message: expect.stringMatching(
          /train\/dog\/2\.JPEG cannot be used: it is cut off.*--bad-images skip/,
        ),
      }),
    );
    writeFileSync(join(pictures, "train/dog/2.JPEG"), FILES["train/dog/2.JPEG"]);
    await train(options("run", { resume: true }));
    expectSameFiles("whole", "run");
  });

  it("is left out under skip: named and counted in the record, which a resumed run writes again", async () => {
    writeFileSync(join(pictures, "train/dog/2.JPEG"), cut);
    rmSync(join(pictures, "val/cat/1.JPEG"));
    writeFileSync(join(pictures, "val/cat/1.JPEG"), "not a picture");
    const data = openPictures("imagefolder", { directory: pictures, badImages: "skip" });
    const told: string[] = [];
    const result = await train(options("whole", { data, onWarning: (message) => told.push(message) }));
    const { epochs, warnings, steps } = await readRecord(result.recordPath);
    expect(epochs.map(({ skippedPictures }) => skippedPictures)).toEqual([2, 2]);
    expect(result.metrics.skippedPictures).toBe(2);
    expect(warnings.filter(({ code }) => code === "inputSkipped").map(({ message }) => message)).toEqual(
      told,
    );
    expect(told).toHaveLength(4);
    expect(told[0]).toMatch(/^train\/dog\/2\.JPEG was left out: .*cut off/);
    expect(steps.filter(({ examples }) => examples === 3)).toHaveLength(2);
    const abort = new AbortController();
    const onProgress = ({ step }: { step: number }) => {
      if (step === 5) abort.abort();
    };
    await train(options("stopped", { data, signal: abort.signal, onProgress }));
    await train(options("stopped", { data, resume: true }));
    expectSameFiles("whole", "stopped");
  });
});
