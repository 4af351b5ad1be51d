/**
 * A tiny run on real data with both kernel sets: learns, agrees between the sets, and repeats to the bit for one and two
 * threads. Fetches Fashion-MNIST if this machine does not have it.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultCacheDirectory } from "../src/data/cache.ts";
import { loadDataSet } from "../src/data/data-sets.ts";
import type { ImageSplits } from "../src/data/image-set.ts";
import type { KernelSet } from "../src/kernels/contract.ts";
import { createReferenceKernels } from "../src/kernels/reference/kernel-set.ts";
import { backendInfo, selectKernels } from "../src/kernels/select.ts";
import { readRecord } from "../src/runlog/reader.ts";
import type { TrainConfig } from "../src/train/config.ts";
import { train } from "../src/train/run.ts";
import { checkpointFiles } from "./checkpoint-files.ts";

const FETCH_TIMEOUT_MS = 300_000;
const native = backendInfo().kernelSets.find(({ name }) => name === "native")!;
const whyNot = native.available ? "" : ` (skipped: ${native.reason})`;

let data: ImageSplits;
let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "roundoff-real-"));
  const cacheDir = defaultCacheDirectory(process.env);
  data = await loadDataSet("fashion-mnist", { cacheDir, allowFetch: true, log: () => undefined });
}, FETCH_TIMEOUT_MS);
afterAll(() => rm(out, { recursive: true, force: true }));

const config = (changes: Partial<TrainConfig>): TrainConfig => ({
  model: "resnet20",
  modelOptions: { width: 4, blocks: 1, stemStride: 2 },
  data: "fashion-mnist",
  recipe: "fp32",
  epochs: 1,
  seed: 3,
  batchSize: 20,
  trainLimit: 400,
  testLimit: 100,
  optimizer: {
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 1e-4,
    schedule: { kind: "cosine", warmupSteps: 2 },
  },
  ...changes,
});

async function losses(name: string, kernels: KernelSet, changes: Partial<TrainConfig>): Promise<number[]> {
  const directory = join(out, name);
  const kernelRecord = { name: kernels.name, tier: "any", threads: 1, cpu: "any" };
  const options = { config: config(changes), data, kernels, kernelRecord, out: directory, command: "test" };
  const { recordPath } = await train(options);
  return (await readRecord(recordPath)).steps.map(({ loss }) => loss);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

// How far the two sets may be apart in the loss of the first steps: rounding differences that have not grown yet.
const AGREEMENT = { fp32: 1e-4, bf16: 0.02, fp16: 0.005, int16: 0.001, fp8: 0.1 } as const;

describe("Fashion-MNIST", () => {
  it("is learnt on the reference kernels", async () => {
    const small = { model: "mlp", modelOptions: { width: 32 }, trainLimit: 1000, epochs: 2 };
    const optimizer = { ...config({}).optimizer, learningRate: 0.02 };
    const curve = await losses("reference-fp32", createReferenceKernels(), { ...small, optimizer });
    expect(mean(curve.slice(-20))).toBeLessThan(0.6 * mean(curve.slice(0, 4)));
  });

  it.skipIf(!native.available)(`is learnt on the native kernels${whyNot}`, async () => {
    const { kernels } = selectKernels({ prefer: "native" });
    const curve = await losses("native-fp8", kernels, { recipe: "fp8", epochs: 3, trainLimit: 2000 });
    expect(mean(curve.slice(-20))).toBeLessThan(0.5 * mean(curve.slice(0, 4)));
  });

  it.skipIf(!native.available).each(Object.entries(AGREEMENT))(
    `gives the same first losses on both sets: %s${whyNot}`,
    async (recipe, bound) => {
      const { kernels } = selectKernels({ prefer: "native" });
      const small = { recipe, trainLimit: 100 };
      const reference = await losses(`agree-reference-${recipe}`, createReferenceKernels(), small);
      const found = await losses(`agree-native-${recipe}`, kernels, small);
      for (const [step, loss] of reference.entries()) {
        expect(Math.abs(found[step] - loss), `step ${step + 1}`).toBeLessThan(bound * loss);
      }
    },
  );

  it.skipIf(!native.available).each(["fp32", "bf16", "int16", "fp8"])(
    `repeats to the bit on one and two threads: %s${whyNot}`,
    async (recipe) => {
      for (const threads of [1, 2]) {
        const { kernels } = selectKernels({ prefer: "native", threads });
        await losses(`${recipe}-${threads}`, kernels, { recipe });
      }
      const bytes = (threads: number, file: string) => readFileSync(join(out, `${recipe}-${threads}`, file));
      for (const file of ["run.jsonl", ...checkpointFiles(join(out, `${recipe}-1`))]) {
        expect(bytes(1, file).equals(bytes(2, file)), file).toBe(true);
      }
    },
  );
});
