/** A study trained on the reference kernels: its files, its resumption and its refusals. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ruledImages } from "../data/fixtures.ts";
import type { ImageSplits } from "../data/image-set.ts";
import { createReferenceKernels } from "../kernels/reference/kernel-set.ts";
import { readArchive } from "./archive.ts";
import { runStudy, type StudyOptions, type StudyProgress } from "./run.ts";
import { parseStudySpec } from "./spec.ts";

const pictures = (count: number) => ({ ...ruledImages(count, 28), mean: 0.5, std: 0.29 });
const data: ImageSplits = {
  train: pictures(48),
  test: pictures(20),
  provenance: { name: "ruled", path: "none", source: "directory", sha256: "0".repeat(64) },
};

const json = {
  name: "tiny",
  title: "A tiny study",
  question: "Does it run?",
  seeds: [1, 2],
  margin: 0.05,
  chance: 0.1,
  model: "mlp",
  modelOptions: { width: 4 },
  data: "ruled",
  epochs: 1,
  batchSize: 16,
  optimizer: { learningRate: 0.05 },
  recipes: ["fp32", "fp8"],
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "roundoff-study-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function options(folder: string, changes: Partial<StudyOptions> = {}): StudyOptions {
  return {
    spec: parseStudySpec(json, "study"),
    out: join(root, folder),
    kernels: createReferenceKernels(),
    kernelRecord: { name: "reference", tier: "typescript", threads: 1, cpu: "test" },
    loadData: async () => data,
    command: "roundoff study tiny",
    machine: {},
    ...changes,
  };
}

const file = (folder: string, ...path: string[]) => readFileSync(join(root, folder, ...path), "utf8");
const record = ["runs", "main", "fp8-seed2", "run.jsonl"];

describe("runStudy", () => {
  it("trains every recipe with every seed and writes report and verdicts", async () => {
    const { rows, reportPath, results } = await runStudy(options("a"));
    expect(results.map(({ recipe, seed }) => `${recipe} ${seed}`)).toEqual([
      "fp32 1",
      "fp8 1",
      "fp32 2",
      "fp8 2",
    ]);
    expect(rows.map(({ recipe }) => recipe)).toEqual(["fp32", "fp8"]);
    expect(readFileSync(reportPath, "utf8")).toContain("A tiny study");
    expect(JSON.parse(file("a", "verdicts.json"))).toHaveLength(2);
  });

  it("gives byte-identical records twice, in another folder", async () => {
    await runStudy(options("a"));
    await runStudy(options("b"));
    expect(file("a", ...record)).toBe(file("b", ...record));
  });

  it("goes on after an interruption and ends in the same bytes", async () => {
    await runStudy(options("whole"));
    const abort = new AbortController();
    const onProgress = ({ train, runsDone }: StudyProgress) => {
      if (runsDone === 2 && train?.step === 2) abort.abort();
    };
    await expect(runStudy(options("cut", { signal: abort.signal, onProgress }))).rejects.toThrow(
      /stopped after step 2/,
    );
    let trained = 0;
    await runStudy(options("cut", { onProgress: ({ train }) => (trained += train === undefined ? 0 : 1) }));
    expect(file("cut", ...record)).toBe(file("whole", ...record));
    // Two runs were whole; what is left is one step of the third run and the three of the fourth, and their evaluations.
    expect(trained).toBe(6);
  });

  it("trains again what is missing, and only that", async () => {
    await runStudy(options("a"));
    rmSync(join(root, "a", "runs", "main", "fp32-seed1"), { recursive: true });
    const trained = new Set<string>();
    await runStudy(
      options("a", {
        onProgress: ({ train, place }) => {
          if (train !== undefined) trained.add(`${place.recipe} ${place.seed}`);
        },
      }),
    );
    expect([...trained]).toEqual(["fp32 1"]);
  });

  it("makes its report again from the archive of records alone, with no data and no training", async () => {
    const variants = { reordered: { recipe: "fp32", batchOrder: "reversed" }, small: "fp8:scale=0.001" };
    const recipes = ["fp32", "reordered", "small"];
    const spec = parseStudySpec({ ...json, variants, recipes, telemetryEvery: 2 }, "study");
    const first = await runStudy(options("a", { spec }));
    expect(file("a", "report.html")).toContain("Errors that became zero in rounding");
    const again = await runStudy(
      options("b", {
        spec,
        records: join(root, "a", "records.jsonl.gz"),
        loadData: () => Promise.reject(new Error("no data here")),
      }),
    );
    expect(again.rows.map((row) => ({ ...row, samplesPerSecond: null }))).toEqual(
      first.rows.map((row) => ({ ...row, samplesPerSecond: null })),
    );
    const archive = (folder: string) => readFileSync(join(root, folder, "records.jsonl.gz"));
    expect(archive("b").equals(archive("a"))).toBe(true);
  });

  it("keeps the study's own runs in its archive, not others that the archive it read holds", async () => {
    await runStudy(options("a"));
    const records = join(root, "a", "records.jsonl.gz");
    const fewer = parseStudySpec({ ...json, seeds: [1] }, "study");
    await runStudy(options("b", { spec: fewer, records }));
    const archive = await readArchive(join(root, "b", "records.jsonl.gz"));
    expect([...archive.keys()].map((command) => /runs\S+/.exec(command)?.[0])).toEqual([
      "runs/main/fp32-seed1",
      "runs/main/fp8-seed1",
    ]);
  });

  it("says whether another run of the study, with other seeds and fewer pictures, finds the same", async () => {
    await runStudy(options("a"));
    const against = { spec: parseStudySpec(json, "study"), records: join(root, "a", "records.jsonl.gz") };
    const shorter = parseStudySpec({ ...json, seeds: [3, 4], trainLimit: 32 }, "study");
    const { rows, agreement } = await runStudy(options("b", { spec: shorter, against }));
    const { verdict } = rows[1];
    expect(agreement).toMatchObject([{ setting: "main", recipe: "fp8", judged: "accuracy", verdict }]);
    const unknown = runStudy(options("c", { spec: shorter, against: { ...against, spec: shorter } }));
    await expect(unknown).rejects.toThrow(/nothing to compare/);
  });

  it("judges only the runs that are there if asked to, and says what is missing", async () => {
    await runStudy(options("a"));
    rmSync(join(root, "a", "runs", "main", "fp8-seed2"), { recursive: true });
    const loadData = () => Promise.reject(new Error("no data here"));
    const { rows, results } = await runStudy(options("a", { reportOnly: true, loadData }));
    expect(results).toHaveLength(3);
    expect(rows.map(({ seeds }) => seeds)).toEqual([[1, 2], [1]]);
    expect(file("a", "report.md")).toContain("1 run of this setting is missing: the study is not complete.");
  });

  it("clears the lock that a killed process left in a run that it had finished", async () => {
    await runStudy(options("a"));
    const lock = join(root, "a", "runs", "main", "fp32-seed1", ".lock");
    const token = "00000000-0000-0000-0000-000000000000";
    const owner = { pid: process.pid, host: hostname(), started: "an earlier boot", token, since: "" };
    writeFileSync(lock, JSON.stringify(owner));
    await runStudy(options("a"));
    expect(existsSync(lock)).toBe(false);
  });

  it("refuses to mix runs of a changed study", async () => {
    await runStudy(options("a"));
    const changed = parseStudySpec({ ...json, batchSize: 8 }, "study");
    await expect(runStudy(options("a", { spec: changed }))).rejects.toThrow(/other settings/);
  });

  it("knows every name before it trains anything", async () => {
    const misspelt = parseStudySpec({ ...json, recipes: ["fp32", "fp9"] }, "study");
    await expect(runStudy(options("a", { spec: misspelt }))).rejects.toThrow(/unknown recipe "fp9"/);
    expect(() => file("a", "runs", "main", "fp32-seed1", "run.jsonl")).toThrow();
  });
});
