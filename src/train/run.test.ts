import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFiles } from "../../test/checkpoint-files.ts";
import type { OptimizerConfig } from "../optim/optimizer-config.ts";
import { readRecord } from "../runlog/reader.ts";
import type { TrainConfig } from "./config.ts";
import { tinyConfig, tinyRun } from "./run.fixture.ts";
import { train } from "./run.ts";

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), "roundoff-train-"));
});
afterEach(async () => {
  await rm(out, { recursive: true, force: true });
});

const schedule = { kind: "exponential", warmupSteps: 1, settings: { gamma: 0.9 } } as const;

const options = (directory: string, changes: Partial<TrainConfig> = {}) =>
  tinyRun(join(out, directory), changes);

/** Records, and the last checkpoint: a run that was stopped keeps the one that it stopped at. */
function expectSameFiles(first: string, second: string): void {
  const files = ["run.jsonl", ...checkpointFiles(join(out, first)).slice(-3)];
  for (const file of files)
    expect(bytes(first, file).equals(bytes(second, file)), `${file} of ${second}`).toBe(true);
}

const bytes = (directory: string, file: string) => readFileSync(join(out, directory, file));

describe("train", () => {
  it("learns, and records every step and epoch", async () => {
    const result = await train(options("a", { epochs: 6 }));
    const record = await readRecord(result.recordPath);
    expect(result.status).toBe("finished");
    expect(record.steps).toHaveLength(24);
    expect(record.epochs).toHaveLength(6);
    expect(record.epochs[5].trainLoss).toBeLessThan(record.epochs[0].trainLoss);
    expect(record.end?.metrics).toEqual(result.metrics);
  });

  it("gives the same bytes twice", async () => {
    await train(options("a", { recipe: "fp8" }));
    await train(options("b", { recipe: "fp8" }));
    expectSameFiles("a", "b");
  });

  it.each(["fp32", "fp16", "int16", "fp8", "bf16-pure-stochastic", "int8-per-sample", "nvfp4", "hbfp8"])(
    "%s stopped at any step and resumed ends in the bytes of an uninterrupted run",
    async (recipe) => {
      await train(options("whole", { recipe }));
      for (const stopAt of [1, 4, 6]) {
        const directory = `stopped${stopAt}`;
        const abort = new AbortController();
        const onProgress = ({ step }: { step: number }) => {
          if (step === stopAt) abort.abort();
        };
        const first = await train({ ...options(directory, { recipe }), signal: abort.signal, onProgress });
        expect(first.status).toBe("interrupted");
        const second = await train({ ...options(directory, { recipe }), resume: true });
        expect(second.status).toBe("finished");
        expectSameFiles("whole", directory);
      }
    },
  );

  it.each<OptimizerConfig>([
    { kind: "adam", learningRate: 1e-3, weightDecay: 0, schedule, settings: { amsgrad: 1 } },
    { kind: "adamw", learningRate: 1e-3, weightDecay: 0.01, schedule, settings: { clipNorm: 1 } },
    {
      kind: "rmsprop",
      learningRate: 1e-4,
      momentum: 0.9,
      weightDecay: 0,
      schedule,
      settings: { centered: 1 },
    },
    { kind: "adagrad", learningRate: 1e-2, weightDecay: 0, schedule, settings: { lrDecay: 0.01 } },
    {
      kind: "lars",
      learningRate: 1,
      momentum: 0.9,
      weightDecay: 1e-4,
      schedule,
      settings: { decayBiases: 0 },
    },
    { kind: "lamb", learningRate: 1e-2, weightDecay: 0.01, schedule },
    { learningRate: 0.05, momentum: 0.9, weightDecay: 0, schedule, settings: { nesterov: 1 } },
  ])("$kind learns, and a resumed run ends in the bytes of an uninterrupted one", async (optimizer) => {
    const { recordPath } = await train(options("whole", { optimizer, recipe: "fp16" }));
    const record = await readRecord(recordPath);
    expect(record.header.optimizer).toEqual(optimizer);
    expect(record.epochs[1].trainLoss).toBeLessThan(record.epochs[0].trainLoss);
    const abort = new AbortController();
    const onProgress = ({ step }: { step: number }) => step === 3 && abort.abort();
    await train({ ...options("stopped", { optimizer, recipe: "fp16" }), signal: abort.signal, onProgress });
    await train({ ...options("stopped", { optimizer, recipe: "fp16" }), resume: true });
    expectSameFiles("whole", "stopped");
  });

  it("starts all recipes from the same weights and batches", async () => {
    const losses = await Promise.all(
      ["fp32", "bf16", "int16"].map(async (recipe) => {
        const { recordPath } = await train(options(recipe, { recipe }));
        return (await readRecord(recordPath)).steps[0].loss;
      }),
    );
    for (const loss of losses) expect(Math.abs(loss - losses[0])).toBeLessThan(0.01);
  });

  it("ends as diverged when the loss stops being a number", async () => {
    const wild = { ...tinyConfig.optimizer, learningRate: 1e30 };
    const result = await train(options("a", { optimizer: wild, epochs: 8 }));
    expect(result.status).toBe("diverged");
    expect((await readRecord(result.recordPath)).end?.status).toBe("diverged");
  });

  it("does not write over a run, nor resume another one", async () => {
    await train(options("a"));
    await expect(train(options("a"))).rejects.toThrow(/holds a run already/);
    await expect(train({ ...options("a", { seed: 6 }), resume: true })).rejects.toThrow(/another seed/);
  });

  it("refuses impossible settings before it writes anything", async () => {
    await expect(train(options("a", { epochs: 0 }))).rejects.toThrow(/epochs is out of range/);
    await expect(train(options("a", { recipe: "bf61" }))).rejects.toThrow(/Did you mean "bf16"/);
    await expect(train(options("a", { batchSize: 65 }))).rejects.toThrow(/batch size is larger/);
    expect(() => bytes("a", "run.jsonl")).toThrow();
  });

  it("says when the output cannot be written", async () => {
    await mkdir(join(out, "f"), { recursive: true });
    await writeFile(join(out, "f", "file"), "");
    await expect(train(options("f/file/below"))).rejects.toThrow(/cannot write/);
  });
});
