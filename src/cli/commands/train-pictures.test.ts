/** `roundoff train` and `roundoff data verify` on a folder of pictures, as a user types them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inTemporaryDirectory } from "../../data/fixtures.ts";
import { jpegBytes, pictureFolder, ruledPicture, writeFiles } from "../../data/images/pictures.fixture.ts";
import { runCaptured, runJson } from "../captured-context.fixture.ts";

const FILES = pictureFolder({ train: 4, test: 2 });

describe("a folder of pictures", () => {
  it("is trained on under its short name, and its place is no part of the record", () =>
    inTemporaryDirectory(async (directory) => {
      const pictures = join(directory, "pictures");
      writeFiles(pictures, { ...FILES, "val/dog/0.JPEG": "not a picture", "classes.txt": "dog\ncat\n" });
      const words = (out: string) => [
        ...[
          "train",
          "--model",
          "resnet18",
          "--model-option",
          "width=2",
          "--recipe",
          "bf16",
          "--kernels",
          "reference",
        ],
        ...["--image-size", "32", "--batch-size", "4", "--data-workers", "0", "--out", join(directory, out)],
      ];
      const skip = ["--bad-images", "skip", "--classes", join(pictures, "classes.txt")];
      const result = await runJson<{ metrics: Record<string, number>; steps: number }>([
        ...words("a"),
        ...["--data", `imagefolder:${pictures}`],
        ...skip,
      ]);
      expect(result).toMatchObject({ steps: 2, metrics: { skippedPictures: 1 } });
      const record = readFileSync(join(directory, "a", "run.jsonl"), "utf8");
      expect(record).toContain("--data imagefolder --recipe bf16");
      expect(record).toContain("--image-size 32");
      expect(record).not.toContain(pictures);
      expect(record).toMatch(/"command":"roundoff train [^"]* --out \. --bad-images skip"/);
      expect(record).toMatch(/"inputSkipped","message":"val\/dog\/0\.JPEG was left out/);
      await runJson([...words("b"), "--data", "imagefolder", "--data-dir", pictures, ...skip]);
      expect(readFileSync(join(directory, "b", "run.jsonl"), "utf8")).toBe(record);
    }));

  it("is trained on at 224 px, decoded in a thread, and so are its prepared copies", () =>
    inTemporaryDirectory(async (directory) => {
      const [pictures, copies] = [join(directory, "pictures"), join(directory, "copies")];
      const file = (label: number) => jpegBytes(ruledPicture(300, 260, { label }));
      writeFiles(pictures, {
        "train/cat/a.jpg": file(0),
        "train/dog/a.jpg": file(1),
        "val/cat/b.jpg": file(0),
        "val/dog/b.jpg": file(1),
      });
      const prepare = ["data", "prepare", "imagefolder", "--data-dir", pictures, "--out", copies];
      expect(await runJson([...prepare, "--data-workers", "1"])).toMatchObject({ pictures: 4, skipped: [] });
      const train = (folder: string, out: string) =>
        runJson<{ steps: number; metrics: Record<string, number> }>([
          ...["train", "--model", "resnet18", "--model-option", "width=1", "--kernels", "reference"],
          ...["--data", `imagefolder:${folder}`, "--data-workers", "1", "--batch-size", "2", "--epochs", "1"],
          ...["--learning-rate", "1e-9", "--out", join(directory, out)],
        ]);
      const [original, copied] = [await train(pictures, "a"), await train(copies, "b")];
      expect(original).toMatchObject({ steps: 1, status: "finished" });
      // Evaluation sees the same pixels of a copy whose shorter side is 256; a random part of it is not quite the same.
      expect(copied.metrics.testLoss).toBeCloseTo(original.metrics.testLoss, 3);
      expect(copied.metrics.trainLoss).not.toBe(original.metrics.trainLoss);
    }));

  it("is verified picture by picture", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, FILES);
      const verify = ["data", "verify", "imagefolder", "--directory", directory];
      expect(await runJson(verify)).toMatchObject([
        { name: "imagefolder", present: true, rows: 12, problem: null },
      ]);
      writeFiles(directory, { "val/cat/0.JPEG": "" });
      const { exitCode, stderr } = await runCaptured(verify);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/^error\[DATA_CORRUPT\]: 1 inputs of .* val\/cat\/0\.JPEG: .*it is empty/m);
    }));

  it.each([
    [["--data", "imagefolder"], "INVALID_ARGUMENT", /--data imagefolder:DIR/],
    [["--data", "imagefolder:/nonexistent"], "DATA_MISSING", /no folder \/nonexistent/],
    [["--data", "imagefoldr:/x"], "UNKNOWN_NAME", /Did you mean "imagefolder"/],
    [["--data", "imagefolder:/x", "--bad-images", "ignore"], "UNKNOWN_NAME", /fail, skip/],
    [["--data", "imagefolder:/x", "--image-size", "0"], "INVALID_ARGUMENT", /--image-size/],
  ] as const)("%j is a mistake that is explained", (words, code, message) =>
    inTemporaryDirectory(async (directory) => {
      const out = join(directory, "run");
      const { exitCode, stdout, stderr } = await runCaptured([
        "train",
        "--model",
        "lenet",
        ...words,
        "--out",
        out,
      ]);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(new RegExp(`^error\\[${code}\\]: .*${message.source}`, "m"));
    }),
  );
});
