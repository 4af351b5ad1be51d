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
  readonly optimizer: OptimizerConfig;
}

/** Settings of a run that names only what it must: SGD with momentum, cosine schedule with a short warm-up. */
export const DEFAULT_OPTIMIZER: OptimizerConfig = {
  ...optimizerDefaults("sgd"),
  schedule: { kind: "cosine", warmupSteps: 20 },
};

/** Side of the square that pictures are padded to: what the models' stems are made for. */
export const IMAGE_SIZE = 32;

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
