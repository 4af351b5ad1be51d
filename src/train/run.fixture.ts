/** Made-up pictures and a tiny run on them, for the tests of this folder. */
import { ruledImages } from "../data/fixtures.ts";
import type { ImageSet, ImageSplits } from "../data/image-set.ts";
import { createReferenceKernels } from "../kernels/reference/kernel-set.ts";
import type { TrainConfig } from "./config.ts";
import type { TrainOptions } from "./run.ts";

/** Pictures of one grey each, from which the class can be read: flips and shifts leave that as it is. */
export function greyImages(count: number): ImageSet {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const images = Uint8Array.from({ length: count * 784 }, (_, i) => 25 * labels[Math.floor(i / 784)]);
  return { ...ruledImages(count, 28), labels, images, mean: 0.44, std: 0.28 };
}

export const greyData: ImageSplits = {
  train: greyImages(64),
  test: greyImages(21),
  provenance: { name: "ruled", path: "none", source: "directory", sha256: "0".repeat(64) },
};

export const tinyConfig: TrainConfig = {
  model: "mlp",
  modelOptions: { width: 8 },
  data: "ruled",
  recipe: "fp32",
  epochs: 2,
  seed: 5,
  batchSize: 16,
  optimizer: {
    learningRate: 0.05,
    momentum: 0.9,
    weightDecay: 1e-4,
    schedule: { kind: "cosine", warmupSteps: 1 },
  },
};

/** Options of a run of `tinyConfig` on the reference kernels. */
export function tinyRun(out: string, changes: Partial<TrainConfig> = {}): TrainOptions {
  return {
    config: { ...tinyConfig, ...changes },
    data: greyData,
    kernels: createReferenceKernels(),
    kernelRecord: { name: "reference", tier: "typescript", threads: 1, cpu: "test" },
    out,
    command: "test",
  };
}
