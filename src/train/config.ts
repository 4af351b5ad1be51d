/** What one run trains: names, sizes and optimizer settings. Plain data that goes into the run record as it is. */

import { RoundoffError } from "../base/errors.ts";
import { checkOptimizer, type OptimizerConfig, optimizerDefaults } from "../optim/optimizer-config.ts";

export interface TrainConfig {
  readonly model: string;
  readonly modelOptions: Readonly<Record<string, number>>;
  readonly data: string;
  readonly recipe: string;
  readonly epochs: number;
  readonly seed: number;
  readonly batchSize: number;
  /** First so many examples of the training split; absent: all. */
  readonly trainLimit?: number;
  readonly testLimit?: number;
  /** Rows and columns of the pictures that the model sees; absent: what suits the data (dataShape in data/batches.ts). */
  readonly imageSize?: number;
  readonly optimizer: OptimizerConfig;
  /** Every so many steps, the first included, the record says what the roundings lost; absent: never. */
  readonly telemetryEvery?: number;
  /**
   * `reversed`: the examples of each batch in reverse order. The same training but for the order of sums (and for which
   * example a mask of dropout falls on): a control that tells what rounding errors of FP32 alone do.
   */
  readonly batchOrder?: BatchOrder;
}

export const BATCH_ORDERS = ["asDrawn", "reversed"] as const;
export type BatchOrder = (typeof BATCH_ORDERS)[number];

/** Settings of a run that names only what it must: SGD with momentum, cosine schedule with a short warm-up. */
export const DEFAULT_OPTIMIZER: OptimizerConfig = {
  ...optimizerDefaults("sgd"),
  schedule: { kind: "cosine", warmupSteps: 20 },
};

/** Refuses impossible numbers before any work starts. Names are checked by their catalogues. */
export function checkConfig(config: TrainConfig): TrainConfig {
  const positive = (name: string, value: number | undefined) =>
    value === undefined ||
    (Number.isSafeInteger(value) && value > 0) ||
    fail(name, "a positive integer", value);
  positive("epochs", config.epochs);
  positive("batchSize", config.batchSize);
  positive("trainLimit", config.trainLimit);
  positive("testLimit", config.testLimit);
  positive("imageSize", config.imageSize);
  positive("telemetryEvery", config.telemetryEvery);
  if (!Number.isSafeInteger(config.seed) || config.seed < 0)
    fail("seed", "an integer of at least 0", config.seed);
  checkOptimizer(config.optimizer);
  return config;
}

function fail(name: string, expected: string, received: unknown): never {
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `${name} is out of range`,
    expected,
    received: String(received),
  });
}
