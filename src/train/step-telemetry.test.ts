/** What steps say of their roundings: right, and without any effect on the run. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRecord } from "../runlog/reader.ts";
import type { StepLine } from "../runlog/schema.ts";
import type { TrainConfig } from "./config.ts";
import { tinyConfig, tinyRun } from "./run.fixture.ts";
import { train } from "./run.ts";

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), "roundoff-telemetry-"));
});
afterEach(async () => {
  await rm(out, { recursive: true, force: true });
});

async function stepsOf(directory: string, changes: Partial<TrainConfig>): Promise<readonly StepLine[]> {
  const { recordPath } = await train(tinyRun(join(out, directory), changes));
  return (await readRecord(recordPath)).steps;
}

const withoutRounding = (step: StepLine) => ({ ...step, rounding: undefined });

describe("telemetry of steps", () => {
  it.each(["fp8", "int16", "bf16-pure-stochastic"])("changes no bit of a run of %s", async (recipe) => {
    const plain = await stepsOf("plain", { recipe });
    const watched = await stepsOf("watched", { recipe, telemetryEvery: 3 });
    expect(watched.map(withoutRounding)).toEqual(plain.map(withoutRounding));
    expect(watched.flatMap(({ step, rounding }) => (rounding ? [step] : []))).toEqual([1, 4, 7]);
    const state = (name: string) =>
      readFile(join(out, name, "checkpoints", "step-000008", "state.safetensors"));
    expect((await state("watched")).equals(await state("plain"))).toBe(true);
  });

  it("finds more errors flushed to zero at a small loss scale than at a large one", async () => {
    const flushed = async (recipe: string) => {
      const [{ rounding = [] }] = await stepsOf(recipe, { recipe, telemetryEvery: 100 });
      const errors = rounding.filter(({ role }) => role === "error");
      expect(errors.length).toBeGreaterThan(0);
      return errors.reduce((sum, { flushed }) => sum + flushed, 0);
    };
    const [small, large] = [await flushed("fp8:scale=0.001"), await flushed("fp8:scale=10000")];
    expect(small).toBeGreaterThan(100);
    expect(large).toBeLessThan(small / 4);
  });

  it("counts the sums that an overflow of INT32 has changed, and finds none in safe chains", async () => {
    const changed = async (recipe: string) => {
      const [{ rounding = [] }] = await stepsOf(recipe, { recipe, telemetryEvery: 100 });
      return rounding
        .filter(({ role }) => role.startsWith("sum."))
        .map(({ role, beyond }) => [role, beyond > 0]);
    };
    expect(await changed("int16:maxChain=2")).not.toContainEqual([expect.any(String), true]);
    expect(await changed("int16:maxChain=1000")).toContainEqual(["sum.output", true]);
    expect(await changed("int16:maxChain=1000:shift=8")).not.toContainEqual([expect.any(String), true]);
    expect(await changed("int16")).toEqual([]);
  });

  it("says nothing where nothing is rounded", async () => {
    const steps = await stepsOf("fp32", { telemetryEvery: 1 });
    expect(steps.some(({ rounding }) => rounding !== undefined)).toBe(false);
  });

  it("stays readable where a run diverges", async () => {
    const wild = { ...tinyConfig.optimizer, learningRate: 1e30 };
    const steps = await stepsOf("wild", { recipe: "int16", telemetryEvery: 1, optimizer: wild, epochs: 8 });
    expect(Number.isFinite(steps.at(-1)?.loss)).toBe(false);
  });

  it("names the tensor that overflowed in a step that was skipped, and trains on from the same state", async () => {
    const steps = await stepsOf("overflow", { recipe: "fp16:scale=dynamic:initial=1e8" });
    const skipped = steps.filter(({ overflow }) => overflow !== undefined);
    expect(skipped.length).toBeGreaterThan(0);
    expect(skipped.length).toBe(steps.at(-1)?.skippedSteps);
    // The first error of all: the gradient of the loss, about 1e8 / 16, lies beyond 65504.
    expect(skipped[0]).toMatchObject({
      step: 1,
      overflow: { role: "error", operation: "softmaxCrossEntropyGrad" },
    });
    // The scale is halved after each overflow, and no more than that.
    expect(steps[1].lossScale).toBe((steps[0].lossScale ?? 0) / 2);
  });
});

describe("order of a batch", () => {
  it("reversed is the same training, with each example in another place", async () => {
    const losses = async (recipe: string, batchOrder: TrainConfig["batchOrder"]) =>
      (await stepsOf(`${recipe.length}${batchOrder}`, { recipe, batchOrder })).map(({ loss }) => loss);
    const [drawn, reversed] = [await losses("fp32", undefined), await losses("fp32", "reversed")];
    for (const [i, loss] of reversed.entries()) expect(Math.abs(loss - drawn[i])).toBeLessThan(1e-5);
    // Random bits of stochastic rounding belong to places.
    const recipe = "bf16:rounding=stochastic";
    expect(await losses(recipe, "reversed")).not.toEqual(await losses(recipe, "asDrawn"));
  });
});
