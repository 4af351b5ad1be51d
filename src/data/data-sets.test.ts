import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DATA_SETS, dataSet, fetchDataSet, listDataSets, loadDataSet, verifyDataSet } from "./data-sets.ts";
import { inTemporaryDirectory } from "./fixtures.ts";
import { sourceSha256 } from "./payload.ts";

describe("the catalogue", () => {
  it("has distinct names and well-formed hashes", () => {
    const names = DATA_SETS.map(({ source }) => source.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { source } of DATA_SETS) {
      for (const file of source.files) expect(file.sha256, file.name).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("corrects a misspelt name", () => {
    expect(() => dataSet("fashion-mist")).toThrow(
      /unknown data set "fashion-mist".*Did you mean "fashion-mnist"/,
    );
  });
});

describe("rows and errors for a directory without the set", () => {
  it("lists it as not present, with the reason and the hash it must have", () =>
    inTemporaryDirectory(async (directory) => {
      const [row] = await listDataSets({ cacheDir: directory, directory });
      const { source } = dataSet("fashion-mnist");
      expect(row).toEqual({
        name: "fashion-mnist",
        present: false,
        path: null,
        source: null,
        sha256: sourceSha256(source),
        rows: 70_000,
        licence: source.licence,
        problem: expect.stringMatching(/does not hold data set fashion-mnist/),
      });
    }));

  it("fetch, verify and load fail, and never make data up", () =>
    inTemporaryDirectory(async (directory) => {
      const options = { cacheDir: directory, directory };
      const missing = expect.objectContaining({ code: "DATA_MISSING" });
      await expect(verifyDataSet("fashion-mnist", options)).rejects.toThrow(missing);
      await expect(fetchDataSet("fashion-mnist", options)).rejects.toThrow(missing);
      await expect(loadDataSet("fashion-mnist", { ...options, allowFetch: true })).rejects.toThrow(missing);
      await writeFile(join(directory, "t10k-labels-idx1-ubyte"), new Uint8Array(10_008));
      const corrupt = expect.objectContaining({ code: "DATA_CORRUPT" });
      await expect(verifyDataSet("fashion-mnist", options)).rejects.toThrow(corrupt);
      await expect(verifyDataSet("mnist", options)).rejects.toThrow(/unknown data set/);
    }));
});
