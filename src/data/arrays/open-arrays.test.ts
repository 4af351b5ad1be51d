import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openDataSet, parseDataName, verifyDataSet } from "../data-sets.ts";
import { idxBytes, inTemporaryDirectory } from "../fixtures.ts";
import { writeNpz } from "../npz.ts";
import type { StoredTensor } from "../safetensors-dtype.ts";
import { type ArraySetName, openArrays } from "./open-arrays.ts";

const bytes = (values: ArrayLike<number>, shape: readonly number[]): StoredTensor => ({
  dtype: "U8",
  shape,
  bytes: Uint8Array.from(values),
});
const labels = (values: readonly number[]): StoredTensor => ({
  dtype: "I64",
  shape: [values.length, 1],
  bytes: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});
const KERAS = {
  x_train: bytes([0, 255, 0, 255], [2, 1, 2]),
  y_train: labels([3, 0]),
  x_test: bytes([7, 8], [1, 1, 2]),
  y_test: labels([1]),
};

function writeCifar(folder: string): void {
  const record = (label: number) => Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? label : i % 256));
  for (const batch of [1, 2, 3, 4, 5]) writeFileSync(join(folder, `data_batch_${batch}.bin`), record(batch));
  writeFileSync(join(folder, "test_batch.bin"), record(9));
}

function writeIdx(folder: string): void {
  writeFileSync(join(folder, "train-images-idx3-ubyte"), idxBytes([2, 1, 2], [0, 255, 0, 255]));
  writeFileSync(join(folder, "train-labels-idx1-ubyte.gz"), gzipSync(idxBytes([2], [3, 0])));
  writeFileSync(join(folder, "t10k-images-idx3-ubyte"), idxBytes([1, 1, 2], [7, 8]));
  writeFileSync(join(folder, "t10k-labels-idx1-ubyte"), idxBytes([1], [1]));
}

describe("a set of arrays", () => {
  it("is the same as npz and as the files of MNIST, normalised by its training pixels", () =>
    inTemporaryDirectory(async (directory) => {
      const file = join(directory, "set.npz");
      writeFileSync(file, writeNpz(new Map(Object.entries(KERAS))));
      writeIdx(directory);
      for (const [name, path] of [
        ["npz", file],
        ["idx", directory],
      ] as const) {
        const { train, test, provenance } = openArrays(name, path);
        expect(train).toMatchObject({ height: 1, width: 2, channels: 1, classes: 4, mean: 0.5, std: 0.5 });
        expect([...train.images, ...train.labels, ...test.images, ...test.labels]).toEqual([
          0, 255, 0, 255, 3, 0, 7, 8, 1,
        ]);
        expect(provenance).toMatchObject({ name, path, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
      }
      const before = openArrays("npz", file).provenance.sha256;
      const other = { ...KERAS, x_test: bytes([7, 9], [1, 1, 2]) };
      writeFileSync(file, writeNpz(new Map(Object.entries(other))));
      expect(openArrays("npz", file).provenance.sha256).not.toBe(before);
    }));

  it("is CIFAR's five batches and a test batch, planes woven together", () =>
    inTemporaryDirectory(async (directory) => {
      writeCifar(directory);
      const data = await openDataSet("cifar10", { directory, cacheDir: directory, allowFetch: false });
      if ("kind" in data) throw new Error("CIFAR is read into memory");
      expect([...data.train.labels]).toEqual([1, 2, 3, 4, 5]);
      expect([...data.train.images.subarray(0, 3)]).toEqual([1, 1025 % 256, 2049 % 256]);
      expect(data.test).toMatchObject({ height: 32, width: 32, channels: 3, classes: 10 });
      const row = await verifyDataSet("cifar10", { directory, cacheDir: directory });
      expect(row).toMatchObject({ present: true, rows: 6 });
    }));

  it("has its place in its name", () => {
    expect(parseDataName("npz:/my/set.npz")).toEqual({ name: "npz", directory: "/my/set.npz" });
    expect(() => openArrays("idx", undefined)).toThrow(/--data idx:DIR/);
  });

  it.each<[string, Partial<Record<keyof typeof KERAS, StoredTensor>>, string, RegExp]>([
    [
      "pixels that are fractions",
      { x_test: { dtype: "F32", shape: [1, 1, 2], bytes: new Uint8Array(8) } },
      "UNSUPPORTED",
      /x_test.*uint8/,
    ],
    ["labels of two columns", { y_test: bytes([0, 1], [1, 2]) }, "UNSUPPORTED", /y_test.*\[N, 1\]/],
    ["a label below zero", { y_train: labels([0, -1]) }, "DATA_CORRUPT", /label 1 .*received -1/],
    ["fewer labels than pictures", { y_train: labels([0]) }, "DATA_CORRUPT", /do not agree/],
    ["splits of two sizes", { x_test: bytes([7, 8, 9], [1, 1, 3]) }, "DATA_CORRUPT", /differ in size/],
  ])("with %s is refused", (_, change, code, message) =>
    inTemporaryDirectory(async (directory) => {
      const file = join(directory, "set.npz");
      writeFileSync(file, writeNpz(new Map(Object.entries({ ...KERAS, ...change }))));
      expect(() => openArrays("npz", file)).toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(message) }),
      );
    }),
  );

  it.each<[ArraySetName, RegExp]>([
    ["npz", /there is no .*set/],
    ["idx", /train-images-idx3-ubyte/],
    ["cifar100", /train\.bin/],
  ])("that is not there is missing, with the name of the file: %s", (name, message) =>
    inTemporaryDirectory(async (directory) => {
      mkdirSync(join(directory, "empty"));
      const path = join(directory, name === "npz" ? "set.npz" : "empty");
      expect(() => openArrays(name, path)).toThrow(
        expect.objectContaining({ code: "DATA_MISSING", message: expect.stringMatching(message) }),
      );
    }),
  );
});
