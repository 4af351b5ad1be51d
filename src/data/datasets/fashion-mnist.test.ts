import { describe, expect, it } from "vitest";
import { idxBytes } from "../fixtures.ts";
import type { LocatedData } from "../locate.ts";
import { FASHION_MNIST, loadFashionMnist } from "./fashion-mnist.ts";

/** Located data with Fashion-MNIST's file names and pictures of 1×2 pixels. */
function located(change: Record<string, Uint8Array> = {}): LocatedData {
  const [trainImages, trainLabels, testImages, testLabels] = FASHION_MNIST.files.map(({ name }) => name);
  const payloads = new Map(
    Object.entries({
      [trainImages]: idxBytes([3, 1, 2], [0, 255, 0, 255, 0, 255]),
      [trainLabels]: idxBytes([3], [0, 9, 5]),
      [testImages]: idxBytes([1, 1, 2], [7, 8]),
      [testLabels]: idxBytes([1], [3]),
      ...change,
    }),
  );
  return { source: FASHION_MNIST, place: "directory", path: "/somewhere", sha256: "abc", payloads };
}

describe("loadFashionMnist", () => {
  it("decodes both splits and normalises both by the training pixels", () => {
    const { train, test, provenance } = loadFashionMnist(located());
    expect(train).toMatchObject({ height: 1, width: 2, channels: 1, classes: 10, sha256: "abc" });
    expect([...train.labels]).toEqual([0, 9, 5]);
    expect([...test.images]).toEqual([7, 8]);
    expect([train.mean, train.std, test.mean, test.std]).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(provenance).toEqual({
      name: "fashion-mnist",
      path: "/somewhere",
      source: "directory",
      sha256: "abc",
    });
  });

  it.each([
    [
      "a label above 9",
      { "train-labels-idx1-ubyte": idxBytes([3], [0, 10, 5]) },
      /label 1 .* is not a class/,
    ],
    ["fewer labels than pictures", { "t10k-labels-idx1-ubyte": idxBytes([0], []) }, /do not agree/],
    ["labels in the place of pictures", { "t10k-images-idx3-ubyte": idxBytes([1], [3]) }, /t10k-images/],
  ])("refuses %s", (_, change, message) => {
    expect(() => loadFashionMnist(located(change))).toThrow(
      expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) }),
    );
  });
});

it("the record's file sizes are those of its rows: IDX headers, 28×28 pixels, one byte a label", () => {
  const { files, rows } = FASHION_MNIST;
  const pixels = 28 * 28;
  expect(files.map(({ bytes }) => bytes)).toEqual([
    16 + rows.train * pixels,
    8 + rows.train,
    16 + rows.test * pixels,
    8 + rows.test,
  ]);
});
