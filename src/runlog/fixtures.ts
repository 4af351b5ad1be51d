/** Lines of a small run, for the tests of this folder. */
import type { EndLine, EpochLine, HeaderLine, RecordLine, StepLine } from "./schema.ts";

export const HEADER: HeaderLine = {
  type: "header",
  version: 1,
  model: "resnet20",
  recipe: "bf16",
  data: { name: "fashion-mnist", sha256: "5cf0", source: "cache", trainRows: 2000, testRows: 1000 },
  seed: 9_007_199_254_740_991,
  epochs: 2,
  batchSize: 64,
  optimizer: { name: "sgd", momentum: 0.9, milestones: [1, 2], nesterov: false },
  recipeSettings: {
    lossScale: { initial: 65_536, maxScale: Number.POSITIVE_INFINITY },
    note: "ünïcode",
    none: null,
  },
  kernels: { name: "native", tier: "avx512", threads: 2, cpu: "a processor" },
  command: "roundoff train --model resnet20",
  roundoffVersion: "0.1.0",
  nodeVersion: "20.20.0",
};

/** Step `step` of epoch 0. */
export function stepLine(step: number, more: Partial<StepLine> = {}): StepLine {
  return {
    type: "step",
    step,
    epoch: 0,
    loss: 2 / step,
    learningRate: 0.1,
    correct: step,
    examples: 64,
    ...more,
  };
}

/** The end of `epoch` after `step`. */
export function epochLine(epoch: number, step: number): EpochLine {
  return { type: "epoch", epoch, step, trainLoss: 1, trainAccuracy: 0.5, testLoss: 1.5, testAccuracy: 0.25 };
}

export const END: EndLine = { type: "end", status: "finished", metrics: { testAccuracy: 0.25 } };

/** A run of four steps in two epochs. */
export const RUN: readonly RecordLine[] = [
  HEADER,
  stepLine(1),
  stepLine(2),
  epochLine(0, 2),
  stepLine(3, { epoch: 1 }),
  stepLine(4, { epoch: 1 }),
  epochLine(1, 4),
  END,
];
