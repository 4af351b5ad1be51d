import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadDataSet } from "../data-sets.ts";
import { inTemporaryDirectory } from "../fixtures.ts";
import { tarBytes } from "../images/pictures.fixture.ts";
import { createTrainLoader } from "../loader.ts";
import type { LocatedData } from "../locate.ts";
import { sha256Hex, verifiedPayload } from "../payload.ts";
import { CIFAR10, loadCifar10 } from "./cifar10.ts";

/** Two pictures of one colour each, plane by plane. */
const batch = (labels: readonly [number, number], red: number) =>
  Uint8Array.from(
    labels.flatMap((label) => [
      label,
      ...new Array<number>(3072).fill(0).map((_, i) => (i < 1024 ? red : 51)),
    ]),
  );
const FILES = Object.fromEntries([
  ...[1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, batch([n, 9 - n], n < 3 ? 0 : 255)] as const),
  ["test_batch.bin", batch([0, 1], 255)] as const,
]);

async function inFolder(files: Record<string, Uint8Array>, body: (directory: string) => Promise<void>) {
  await inTemporaryDirectory(async (directory) => {
    await mkdir(join(directory, "cifar-10-batches-bin"));
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(directory, "cifar-10-batches-bin", name), bytes);
    }
    await body(directory);
  });
}
const load = (directory: string, log?: (message: string) => void) =>
  loadDataSet("cifar10", { directory, cacheDir: directory, allowFetch: false, log });

describe("CIFAR-10", () => {
  it("is read from extracted batches, normalised by channel, and said to be unverified", () =>
    inFolder(FILES, async (directory) => {
      const told: string[] = [];
      const { train, test, provenance } = await load(directory, (message) => told.push(message));
      expect(told).toEqual([expect.stringMatching(/cifar10: .* no hash to check/)]);
      expect([...train.labels]).toEqual([1, 8, 2, 7, 3, 6, 4, 5, 5, 4]);
      expect([...train.images.subarray(0, 3), ...test.images.subarray(0, 3)]).toEqual([
        0, 51, 51, 255, 51, 51,
      ]);
      expect(train).toMatchObject({ height: 32, width: 32, channels: 3, classes: 10, maxShift: 4 });
      const std = [Math.sqrt(0.24), 1, 1];
      for (const channel of [0, 1, 2]) {
        expect((train.mean as number[])[channel]).toBeCloseTo([0.6, 0.2, 0.2][channel], 12);
        expect((test.std as number[])[channel]).toBeCloseTo(std[channel], 12);
      }
      expect(provenance.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(train.sha256).toBe(provenance.sha256);
      const [first] = createTrainLoader(train, { batchSize: 2, seed: 1 }).epoch(0);
      expect(first.images).toHaveLength(2 * 32 * 32 * 3);
    }));

  it.each([
    ["a batch that is missing", "test_batch.bin", undefined, "DATA_MISSING", /no test_batch\.bin/],
    [
      "a batch that is cut off",
      "data_batch_2.bin",
      (b: Uint8Array) => b.subarray(0, 5000),
      "DATA_CORRUPT",
      /data_batch_2\.bin is not a CIFAR-10 batch .*3073 bytes/,
    ],
    [
      "a label that is no class",
      "data_batch_4.bin",
      (b: Uint8Array) => b.fill(10, 3073, 3074),
      "DATA_CORRUPT",
      /label 1 of data_batch_4\.bin/,
    ],
  ] as const)("refuses %s", (_, name, change, code, message) => {
    const { [name]: bytes, ...rest } = FILES;
    const files = change === undefined ? rest : { ...rest, [name]: change(bytes.slice()) };
    return inFolder(files, async (directory) => {
      await expect(load(directory)).rejects.toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(message) }),
      );
    });
  });

  it("is read from the archive once that is verified, and no other archive is opened", async () => {
    const members = Object.entries(FILES).map(
      ([name, bytes]) => [`cifar-10-batches-bin/${name}`, bytes] as const,
    );
    const tar = tarBytes(Object.fromEntries(members));
    const packed = gzipSync(tar);
    const [file] = CIFAR10.files;
    await expect(verifiedPayload(packed, file, "x.tar.gz")).rejects.toThrow(
      expect.objectContaining({
        code: "DATA_CORRUPT",
        message: expect.stringMatching(/x\.tar\.gz .*a gzip file with sha256 c4a38c50/),
      }),
    );
    const payload = await verifiedPayload(packed, { ...file, sha256: sha256Hex(packed) }, "x.tar.gz");
    const payloads = new Map([[file.name, payload]]);
    const located: LocatedData = { source: CIFAR10, place: "cache", path: "/x", sha256: "abc", payloads };
    const { train, test } = loadCifar10(located);
    expect([train.labels.length, test.labels.length, train.sha256]).toEqual([10, 2, "abc"]);
    payloads.set(file.name, tarBytes(Object.fromEntries(members.slice(1))));
    expect(() => loadCifar10(located)).toThrow(/has no cifar-10-batches-bin\/data_batch_1\.bin/);
  });

  it("that is nowhere says where it is to be had", () =>
    inTemporaryDirectory(async (cacheDir) => {
      await expect(loadDataSet("cifar10", { cacheDir, allowFetch: false })).rejects.toThrow(
        /data fetch cifar10.*cifar-10-binary\.tar\.gz \(from https:\/\/www\.cs\.toronto\.edu\/~kriz\)/,
      );
    }));
});
