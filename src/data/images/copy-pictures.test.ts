/** Copies of pictures: read as the pictures are, to the bit where they are evaluated; resumable; bad pictures by policy. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inTemporaryDirectory } from "../fixtures.ts";
import { type CopyOptions, copyPictures } from "./copy-pictures.ts";
import { openPictures, type PictureSetName } from "./open-pictures.ts";
import { testPictureBatches } from "./picture-batches.ts";
import type { BadImages } from "./picture-index.ts";
import { jpegBytes, pictureFolder, ruledPicture, tarBytes, writeFiles } from "./pictures.fixture.ts";
import { createRowPool } from "./row-pool.ts";

const FILES = pictureFolder({ train: 3, test: 2 });

async function copied(directory: string, out: string, changes: Partial<CopyOptions> = {}, bad?: BadImages) {
  const index = openPictures("imagefolder", { directory, badImages: bad });
  return copyPictures(index, { out, shorterSide: 36, workers: 0, ...changes });
}

/** What a network is shown of the test pictures, 32 × 32. */
async function evaluated(directory: string, name: PictureSetName = "imagefolder") {
  const pool = createRowPool(0);
  const index = openPictures(name, { directory });
  const found = [];
  for await (const { images, labels } of testPictureBatches(index, { pool, batchSize: 2, size: 32 }).pass(0))
    found.push({ images: images.slice(), labels: [...labels] });
  return { found, classes: index.classes };
}

describe("copies of pictures", () => {
  it("show an evaluation the same bits, where the shorter side is that of the evaluation", () =>
    inTemporaryDirectory(async (root) => {
      const [from, out] = [join(root, "from"), join(root, "copies")];
      writeFiles(from, FILES);
      mkdirSync(join(from, "train", "ant"));
      // 256 / 224 of 32 pixels, cut off.
      expect(await copied(from, out)).toEqual({ pictures: 10, already: 0, skipped: [] });
      expect(await evaluated(out)).toEqual(await evaluated(from));
      expect(existsSync(join(out, "train", "cat", "0.JPEG.ppm"))).toBe(true);
      expect((await evaluated(out)).classes).toBe(3);
    }));

  it("are the same for any number of workers, and leave small pictures as they are", () =>
    inTemporaryDirectory(async (root) => {
      const from = join(root, "from");
      writeFiles(from, FILES);
      const copy = (out: string) => readFileSync(join(root, out, "train", "dog", "1.JPEG.ppm"));
      await copied(from, join(root, "a"), { workers: 0 });
      await copied(from, join(root, "b"), { workers: 2 });
      expect(copy("a").equals(copy("b"))).toBe(true);
      await copied(from, join(root, "c"), { shorterSide: 1000 });
      expect(copy("c").subarray(0, 9).toString("latin1")).toBe("P6\n63 56\n");
    }));

  it("go on where they were, and are not mixed with others", () =>
    inTemporaryDirectory(async (root) => {
      const [from, out] = [join(root, "from"), join(root, "copies")];
      writeFiles(from, FILES);
      const abort = new AbortController();
      abort.abort();
      await expect(copied(from, out, { signal: abort.signal })).rejects.toThrow(/after 0 of 10 pictures/);
      await copied(from, out);
      const kept = statSync(join(out, "val", "cat", "0.JPEG.ppm")).mtimeMs;
      rmSync(join(out, "val", "dog", "0.JPEG.ppm"));
      expect(await copied(from, out)).toMatchObject({ pictures: 10, already: 9 });
      expect(statSync(join(out, "val", "cat", "0.JPEG.ppm")).mtimeMs).toBe(kept);
      await expect(copied(from, out, { shorterSide: 40 })).rejects.toThrow(/copies of other pictures/);
      await expect(copied(from, from)).rejects.toThrow(/among the pictures themselves/);
    }));

  it("end at a picture that cannot be used, or leave it out and say so", () =>
    inTemporaryDirectory(async (root) => {
      const [from, out] = [join(root, "from"), join(root, "copies")];
      writeFiles(from, { ...FILES, "train/cat/1.JPEG": "no picture" });
      await expect(copied(from, out)).rejects.toThrow(/train\/cat\/1.JPEG cannot be used.*--bad-images skip/);
      const { pictures, skipped } = await copied(from, out, {}, "skip");
      expect(pictures).toBe(9);
      expect(skipped).toMatchObject([{ name: "train/cat/1.JPEG" }]);
    }));

  it("of archives become folders whose order is that of the labels", () =>
    inTemporaryDirectory(async (root) => {
      const [from, out] = [join(root, "from"), join(root, "copies")];
      const shard = (labels: readonly number[]) =>
        tarBytes(
          Object.fromEntries(
            labels.flatMap((label, i) => [
              [`${i}.jpg`, jpegBytes(ruledPicture(40, 44, { label }))],
              [`${i}.cls`, String(label)],
            ]),
          ),
        );
      writeFiles(from, { "train/a.tar": shard([0, 10, 2]), "val/b.tar": shard([10, 2]) });
      await copyPictures(openPictures("imageshards", { directory: from }), {
        out,
        shorterSide: 36,
        workers: 0,
      });
      const { classes, train } = openPictures("imagefolder", { directory: out });
      expect(classes).toBe(11);
      expect(train.map(({ name, label }) => [name, label])).toEqual([
        ["train/00/a.tar/0.jpg.ppm", 0],
        ["train/02/a.tar/2.jpg.ppm", 2],
        ["train/10/a.tar/1.jpg.ppm", 10],
      ]);
      // The order of a folder is by class.
      const [{ labels }] = (await evaluated(out)).found;
      expect(labels).toEqual([2, 10]);
    }));
});
