/** What can go wrong around a run: each fault gives one clear sentence, and nothing that was saved is lost. */
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileLayer } from "../base/durable-directory.ts";
import { takeLock } from "../base/lock-file.ts";
import { readSafetensors } from "../data/safetensors.ts";
import { readRecord } from "../runlog/reader.ts";
import { checkpointSteps, readCheckpoint } from "./checkpoint.ts";
import { DIVERGED_AFTER } from "./divergence.ts";
import { greyData, tinyConfig, tinyRun } from "./run.fixture.ts";
import { train } from "./run.ts";

let root: string;
let out: string;
beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), "roundoff-faults-"));
  out = join(root, "run");
});
afterEach(() => fs.rm(root, { recursive: true, force: true }));

/** Stops a run after a step, as Ctrl-C does. */
async function stopAfter(stopAt: number, changes = {}) {
  const abort = new AbortController();
  const onProgress = ({ step }: { step: number }) => {
    if (step === stopAt) abort.abort();
  };
  return train({ ...tinyRun(out), signal: abort.signal, onProgress, ...changes });
}

const lastState = (directory: string) => {
  const steps = readdirSync(join(directory, "checkpoints")).sort();
  return readFileSync(join(directory, "checkpoints", steps.at(-1)!, "state.safetensors"));
};

describe("checkpoints", () => {
  it("are made every so many steps and at the end of epochs, and the last few stay", async () => {
    await train({ ...tinyRun(out, { epochs: 3 }), checkpointEvery: 3, keep: 4 });
    // Four steps in an epoch: 3, 4, 6, 8, 9, 12.
    expect(await checkpointSteps(out)).toEqual([6, 8, 9, 12]);
    expect(readdirSync(out).sort()).toEqual(["checkpoints", "run.jsonl", "timing.jsonl"]);
  });

  it("beyond those that stay are removed by the next process, if one was killed while it removed them", async () => {
    await train({ ...tinyRun(out), checkpointEvery: 1 });
    const whole = join(out, "checkpoints", "step-000008");
    for (const left of ["step-000003", ".step-000004.old.partial"])
      await fs.cp(whole, join(out, "checkpoints", left), { recursive: true });
    await train({ ...tinyRun(out), checkpointEvery: 1, resume: true });
    expect(readdirSync(join(out, "checkpoints")).sort()).toEqual(["step-000007", "step-000008"]);
  });

  it("hold what the recipe keeps, in its own format, and say so", async () => {
    const { checkpointPath } = await train(tinyRun(out, { recipe: "bf16-pure" }));
    const { tensors } = readSafetensors(readFileSync(checkpointPath));
    const { manifest } = await readCheckpoint(join(checkpointPath, ".."));
    for (const [name, { dtype }] of Object.entries(manifest.tensors)) {
      expect(tensors.get(name)?.dtype).toBe(dtype);
      if (name.endsWith("weight")) expect(manifest.tensors[name]).toEqual({ dtype: "BF16", format: "bf16" });
    }
    expect(manifest.position).toMatchObject({ step: 8, epoch: 2, batch: 0, status: "finished" });
  });

  it.each([
    ["cut off", (path: string) => truncateSync(join(path, "state.safetensors"), 100)],
    ["with one bit turned", (path: string) => turnBit(join(path, "state.safetensors"))],
    ["with another manifest", (path: string) => turnBit(join(path, "manifest.json"))],
    ["without its hashes", (path: string) => writeFileSync(join(path, "SHA256SUMS"), "")],
  ])("%s are passed over for the one before, said in the record and to the caller", async (_, damage) => {
    await train(tinyRun(join(root, "whole")));
    await stopAfter(6);
    damage(join(out, "checkpoints", "step-000006"));
    const told: string[] = [];
    const result = await train({ ...tinyRun(out), resume: true, onWarning: (message) => told.push(message) });
    expect(told).toEqual([expect.stringMatching(/step-000006" cannot be used.*going on from step 4/)]);
    const record = await readRecord(result.recordPath);
    expect(record.warnings).toEqual([
      { type: "warning", step: 4, code: "checkpointDamaged", message: told[0] },
    ]);
    expect(record.steps).toHaveLength(8);
    expect(lastState(out).equals(lastState(join(root, "whole")))).toBe(true);
  });

  it("that are all damaged end in an error, never in a silent new start", async () => {
    await stopAfter(6);
    for (const step of await checkpointSteps(out))
      turnBit(join(out, "checkpoints", `step-00000${step}`, "manifest.json"));
    const before = readFileSync(join(out, "run.jsonl"));
    await expect(train({ ...tinyRun(out), resume: true })).rejects.toThrow(/no checkpoint .* can be used/);
    expect(readFileSync(join(out, "run.jsonl")).equals(before)).toBe(true);
  });

  it("resume on other kernels with a warning in the record", async () => {
    await stopAfter(6);
    const kernelRecord = { name: "native", tier: "avx2", threads: 1, cpu: "test" };
    const result = await train({ ...tinyRun(out), kernelRecord, resume: true });
    const { warnings } = await readRecord(result.recordPath);
    expect(warnings).toEqual([expect.objectContaining({ code: "kernelsChanged", step: 6 })]);
    expect(warnings[0].message).toMatch(/on native avx2, begun on reference typescript/);
  });
});

describe("the output folder", () => {
  it.each(["ENOSPC", "EROFS", "EIO"])(
    "that fails with %s gives an error and keeps the last checkpoint",
    async (code) => {
      await stopAfter(4);
      const saved = lastState(out);
      for (const operation of ["mkdir", "open", "write", "sync", "rename"] as const) {
        const failing = { ...tinyRun(out), resume: true, files: failingFiles(operation, code) };
        await expect(train(failing), operation).rejects.toThrow(
          expect.objectContaining({ code: "OUTPUT_UNWRITABLE", message: expect.stringContaining(code) }),
        );
        expect(lastState(out).equals(saved), operation).toBe(true);
        expect(existsSync(join(out, ".lock"))).toBe(false);
      }
      await train(tinyRun(join(root, "whole")));
      await train({ ...tinyRun(out), resume: true });
      expect(lastState(out).equals(lastState(join(root, "whole")))).toBe(true);
    },
  );

  it("belongs to one run at a time", async () => {
    await fs.mkdir(out);
    const lock = takeLock(join(out, ".lock"));
    await expect(train({ ...tinyRun(out), resume: true })).rejects.toThrow(
      /another process works in this folder/,
    );
    lock.release();
    await train({ ...tinyRun(out), resume: true });
  });
});

describe("numbers that are none", () => {
  it("in the data end the run with the example and the step, and leave the checkpoints", async () => {
    await stopAfter(6);
    const data = { ...greyData, train: { ...greyData.train, mean: Number.NaN } };
    await expect(train({ ...tinyRun(out), data, resume: true })).rejects.toThrow(
      expect.objectContaining({
        code: "DATA_CORRUPT",
        message: expect.stringMatching(/step 7 .*example 0 of its batch/),
      }),
    );
    expect((await readRecord(join(out, "run.jsonl"))).steps).toHaveLength(6);
    await train({ ...tinyRun(out), resume: true });
  });

  it("from an overflow that never ends stop the run, with the tensor and the step", async () => {
    const optimizer = { ...tinyConfig.optimizer, learningRate: 1e30 };
    const result = await train(tinyRun(out, { optimizer, epochs: 8 }));
    expect(result.status).toBe("diverged");
    const record = await readRecord(result.recordPath);
    expect(record.end?.firstNonFinite).toEqual(result.firstNonFinite);
    const firstBad = record.steps.find(({ loss }) => !Number.isFinite(loss))!.step;
    expect(result.firstNonFinite!.step).toBeLessThanOrEqual(firstBad);
    expect(result.firstNonFinite!.step).toBeGreaterThanOrEqual(firstBad - 1);
    expect(result.firstNonFinite).toMatchObject({ tensor: expect.stringMatching(/^\S+$/) });
  });

  it("end a run whose every step is skipped, with the first tensor that overflows", async () => {
    const optimizer = { ...tinyConfig.optimizer, learningRate: 1e-9 };
    // Pictures so bright that FP16 cannot hold them.
    const data = { ...greyData, train: { ...greyData.train, mean: -1e5, std: 1e-5 } };
    const result = await train({ ...tinyRun(out, { recipe: "fp16", optimizer, epochs: 40 }), data });
    expect(result.status).toBe("diverged");
    expect(result.steps).toBe(DIVERGED_AFTER);
    expect(result.firstNonFinite).toMatchObject({ step: 1 });
  });

  it("resume to the same end", async () => {
    const optimizer = { ...tinyConfig.optimizer, learningRate: 1e30 };
    const changes = { optimizer, epochs: 8 };
    await train(tinyRun(join(root, "whole"), changes));
    await stopAfter(5, { config: { ...tinyConfig, ...changes } });
    await train({ ...tinyRun(out, changes), resume: true });
    const record = (directory: string) => readFileSync(join(directory, "run.jsonl"), "utf8");
    const steps = (directory: string) =>
      record(directory)
        .split("\n")
        .filter((line) => !line.includes('"end"'));
    expect(steps(out)).toEqual(steps(join(root, "whole")));
    await train({ ...tinyRun(out, changes), resume: true });
    expect(steps(out)).toEqual(steps(join(root, "whole")));
  });
});

it("a model that does not fit into memory is refused before the first step", async () => {
  const modelOptions = { width: 3_000_000 };
  await expect(train(tinyRun(out, { modelOptions }))).rejects.toThrow(
    expect.objectContaining({ code: "OUT_OF_MEMORY", message: expect.stringMatching(/MB needed/) }),
  );
});

function turnBit(path: string): void {
  const content = readFileSync(path);
  content[content.length >> 1] ^= 1;
  writeFileSync(path, content);
}

/** The real file operations, one of which fails always. */
function failingFiles(operation: keyof FileLayer | "write" | "sync", code: string): FileLayer {
  const fail = async (): Promise<never> => {
    throw Object.assign(new Error(code), { code });
  };
  if (operation === "write" || operation === "sync") {
    const open: FileLayer["open"] = async (...args) =>
      Object.assign(await fs.open(...args), { [operation]: fail });
    return { ...fs, open };
  }
  return { ...fs, [operation]: fail };
}
