/** Lists of pictures: ImageNet-style folders and tar shards, sound and damaged. */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inTemporaryDirectory } from "../fixtures.ts";
import { indexFolder } from "./folder-index.ts";
import { openPictures, unusablePictures } from "./open-pictures.ts";
import { jpegBytes, pictureFolder, ruledPicture, tarBytes, writeFiles } from "./pictures.fixture.ts";
import { indexShards } from "./shard-index.ts";

const picture = jpegBytes(ruledPicture(8, 8));
const fails = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const names = (entries: readonly { readonly name: string; readonly label: number }[]) =>
  entries.map(({ name, label }) => `${label} ${name}`);

describe("an ImageNet-style folder", () => {
  const files = {
    "train/b/2.jpg": picture,
    "train/b/10.jpg": picture,
    "train/a/deep/1.PNG": picture,
    "train/a/notes.txt": "",
    "val/b/1.jpeg": picture,
    "README.md": "",
  };

  it("is listed by sorted classes and names", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, files);
      const { train, test, classes, skipped } = indexFolder({ directory, badImages: "fail" });
      expect(names(train)).toEqual(["0 train/a/deep/1.PNG", "1 train/b/10.jpg", "1 train/b/2.jpg"]);
      expect(names(test)).toEqual(["1 val/b/1.jpeg"]);
      expect([classes, skipped]).toEqual([2, []]);
    }));

  it("takes the labels from a list of classes, and follows links to folders", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, { ...files, "classes.txt": "b\nmissing\na\n\n" });
      symlinkSync(join(directory, "train/b"), join(directory, "val/a"));
      symlinkSync(join(directory, "README.md"), join(directory, "val/c"));
      const open = () =>
        openPictures("imagefolder", { directory, classesFile: join(directory, "classes.txt") });
      expect(names(open().train)).toEqual(["2 train/a/deep/1.PNG", "0 train/b/10.jpg", "0 train/b/2.jpg"]);
      expect(names(open().test)).toEqual(["2 val/a/10.jpg", "2 val/a/2.jpg", "0 val/b/1.jpeg"]);
      expect(open().classes).toBe(3);
      writeFileSync(join(directory, "classes.txt"), "a\nb\na\n");
      expect(open).toThrow(fails("DATA_CORRUPT", /"a" in line 3/));
    }));

  it("has a hash of its list that changes with names and classes", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, files);
      const hash = () => indexFolder({ directory, badImages: "fail" }).provenance.sha256;
      const before = hash();
      expect(hash()).toBe(before);
      writeFiles(directory, { "train/b/3.jpg": picture });
      expect(hash()).not.toBe(before);
    }));

  it("with a test class that training does not have is refused, or skipped by name", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, { ...files, "val/z/1.jpg": picture });
      expect(() => indexFolder({ directory, badImages: "fail" })).toThrow(
        fails("DATA_CORRUPT", /val\/z: its pictures belong to no class.*--bad-images skip/),
      );
      const { skipped, test } = indexFolder({ directory, badImages: "skip" });
      expect(skipped).toEqual([{ name: "val/z", reason: "its pictures belong to no class" }]);
      expect(test).toHaveLength(1);
    }));

  it("of another layout is refused with what it should be", () =>
    inTemporaryDirectory(async (directory) => {
      const index = () => indexFolder({ directory, badImages: "fail" });
      expect(index).toThrow(
        fails("DATA_MISSING", /does not hold pictures by split.*train\/CLASS.*no folders/),
      );
      writeFiles(directory, { "train/a/x.txt": "", "test/a/1.jpg": picture });
      expect(index).toThrow(fails("DATA_MISSING", /no pictures to train on/));
      expect(() => indexFolder({ directory: join(directory, "none"), badImages: "skip" })).toThrow(
        fails("DATA_MISSING", /there is no folder/),
      );
      expect(() => openPictures("imagefolder", {})).toThrow(
        fails("INVALID_ARGUMENT", /--data imagefolder:DIR/),
      );
    }));
});

describe("tar shards", () => {
  it("are listed sample by sample, where each picture lies", () =>
    inTemporaryDirectory(async (directory) => {
      writeFiles(directory, {
        "train/b.tar": tarBytes({ "7.cls": "0\n", "7.png": picture, "8.jpg": picture, "8.cls": "2" }),
        "train/a.tar": tarBytes({ "1.jpg": picture, "1.cls": "1", "1.json": "{}", "note.txt": "" }),
        "val/0.tar": tarBytes({ "1.jpg": picture, "1.cls": "2" }),
      });
      const { train, test, classes } = indexShards({ directory, badImages: "fail" });
      expect(names(train)).toEqual(["1 train/a.tar/1.jpg", "0 train/b.tar/7.png", "2 train/b.tar/8.jpg"]);
      expect(names(test)).toEqual(["2 val/0.tar/1.jpg"]);
      expect(classes).toBe(3);
      expect(train[0].member).toEqual({ offset: 512, bytes: picture.length });
      expect(await unusablePictures(indexShards({ directory, badImages: "fail" }), { workers: 0 })).toEqual(
        [],
      );
    }));

  it.each([
    ["a picture without a label", { "1.jpg": picture }, /x\.tar\/1: it has 1 pictures and 0 labels/],
    ["a label without a picture", { "1.cls": "0" }, /x\.tar\/1: it has 0 pictures and 1 labels/],
    [
      "two pictures",
      { "1.cls": "0", "1.jpg": picture, "1.x": "", "1.png": picture },
      /2 pictures and 1 labels/,
    ],
    [
      "a label that is no number",
      { "1.jpg": picture, "1.cls": "cat" },
      /1\.jpg: its label "cat" is not a number/,
    ],
    ["a label that is no class", { "1.jpg": picture, "1.cls": "7" }, /1\.jpg: its label is 7/],
  ])("with %s are refused, or that sample is skipped by name", (_, members, message) =>
    inTemporaryDirectory(async (directory) => {
      const sound = tarBytes({ "1.jpg": picture, "1.cls": "1" });
      writeFiles(directory, { "train/a.tar": sound, "val/a.tar": sound, "val/x.tar": tarBytes(members) });
      const split = { directory, classNames: ["a", "b"] };
      expect(() => indexShards({ ...split, badImages: "fail" })).toThrow(fails("DATA_CORRUPT", message));
      const { skipped, test } = indexShards({ ...split, badImages: "skip" });
      expect(skipped.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
        expect.stringMatching(message),
      ]);
      expect(names(test)).toEqual(["1 val/a.tar/1.jpg"]);
    }),
  );

  it("that are cut off or damaged give what lies before, or one error that names the shard", () =>
    inTemporaryDirectory(async (directory) => {
      const whole = tarBytes({
        "1.jpg": picture,
        "1.cls": "0",
        "2.jpg": picture,
        "2.cls": "1",
        "3.jpg": picture,
      });
      const sound = tarBytes({ "1.jpg": picture, "1.cls": "1" });
      writeFiles(directory, { "train/a.tar": whole.subarray(0, whole.length - 1536), "val/a.tar": sound });
      const options = { directory, classNames: ["a", "b"] };
      expect(() => indexShards({ ...options, badImages: "fail" })).toThrow(
        fails("DATA_CORRUPT", /train\/a\.tar: .*longer than the archive/),
      );
      const { train, skipped } = indexShards({ ...options, badImages: "skip" });
      expect(names(train)).toEqual(["0 train/a.tar/1.jpg"]);
      expect(skipped).toEqual([
        { name: "train/a.tar", reason: expect.stringMatching(/1 samples before that can be used/) },
      ]);
      writeFiles(directory, { "train/a.tar": "not an archive".repeat(100) });
      expect(() => indexShards({ ...options, badImages: "skip" })).toThrow(
        fails("DATA_MISSING", /no pictures to train on.*1 inputs that cannot be used/),
      );
    }));
});

it("unusablePictures names every picture that does not decode", () =>
  inTemporaryDirectory(async (directory) => {
    const files = pictureFolder({ train: 2, test: 2 });
    const cut = files["train/dog/0.JPEG"];
    writeFiles(directory, {
      ...files,
      "train/dog/0.JPEG": cut.subarray(0, cut.length >> 1),
      "val/cat/x.jpg": "",
    });
    const found = await unusablePictures(openPictures("imagefolder", { directory }), { workers: 0 });
    expect(found.map(({ name }) => name)).toEqual(["train/dog/0.JPEG", "val/cat/x.jpg"]);
    expect(found[0].reason).toMatch(/cut off after/);
  }));
