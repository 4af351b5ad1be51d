/**
 * The options of `roundoff train` and the configuration they mean. Reads back what train/command.ts writes into run
 * records, so that the command line of a record makes the same run again.
 */
import type { Command } from "commander";
import { RoundoffError } from "../base/errors.ts";
import type { ScheduleConfig } from "../optim/schedules.ts";
import { checkConfig, DEFAULT_OPTIMIZER, type TrainConfig } from "../train/config.ts";
import { fractionOption, integerOption, parseInteger, positiveOption } from "./option-values.ts";

export interface TrainSettings {
  readonly model: string;
  readonly modelOption: Readonly<Record<string, number>>;
  readonly data: string;
  readonly recipe: string;
  readonly epochs: number;
  readonly seed: number;
  readonly limit?: number;
  readonly testLimit?: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: ScheduleConfig;
}

/** How often a run is saved and how much of it stays: no part of what it computes. */
export interface CheckpointSettings {
  readonly checkpointEvery?: number;
  readonly keep?: number;
}

const positive = { min: 1 };

export function declareCheckpoints(command: Command): Command {
  return command
    .option(
      "--checkpoint-every <steps>",
      "save within an epoch too, every so many steps",
      integerOption("--checkpoint-every", positive),
    )
    .option("--keep <n>", "how many checkpoints stay (default: 2)", integerOption("--keep", positive));
}

export function declareTrainSettings(command: Command): Command {
  const { learningRate, momentum, weightDecay, schedule } = DEFAULT_OPTIMIZER;
  return command
    .requiredOption("--model <name>", "the model")
    .option("--model-option <name=n>", "a size of the model, as width=8; may be repeated", modelOption, {})
    .option("--data <name>", "the data set", "fashion-mnist")
    .option("--recipe <name>", "number formats, scaling and rounding, by the name of their set-up", "fp32")
    .option("--epochs <n>", "passes over the training data", integerOption("--epochs", positive), 1)
    .option("--seed <n>", "the only source of randomness", integerOption("--seed", { min: 0 }), 0)
    .option("--limit <n>", "use so many training examples", integerOption("--limit", positive))
    .option("--test-limit <n>", "use so many test examples", integerOption("--test-limit", positive))
    .option("--batch-size <n>", "examples in a step", integerOption("--batch-size", positive), 64)
    .option(
      "--learning-rate <x>",
      "the peak of the schedule",
      positiveOption("--learning-rate"),
      learningRate,
    )
    .option("--momentum <x>", "from 0, below 1", fractionOption("--momentum"), momentum)
    .option(
      "--weight-decay <x>",
      "L2 coefficient, from 0, below 1",
      fractionOption("--weight-decay"),
      weightDecay,
    )
    .option(
      "--schedule <kind:warmup[:epochs:factor]>",
      "constant:0, cosine:20 or steps:0:2,4:0.1 (warm-up in steps)",
      parseSchedule,
      schedule,
    );
}

/** The checked configuration. Throws INVALID_ARGUMENT. */
export function trainConfig(settings: TrainSettings): TrainConfig {
  const { model, modelOption, data, recipe, epochs, seed, batchSize, limit, testLimit } = settings;
  const { learningRate, momentum, weightDecay, schedule } = settings;
  return checkConfig({
    model,
    modelOptions: modelOption,
    data,
    recipe,
    epochs,
    seed,
    batchSize,
    trainLimit: limit,
    testLimit,
    optimizer: { learningRate, momentum, weightDecay, schedule },
  });
}

function modelOption(
  text: string,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const [name, value, ...rest] = text.split("=");
  if (name === "" || value === undefined || rest.length > 0) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: "--model-option is not of the form name=number",
      expected: "for example width=8",
      received: `"${text}"`,
    });
  }
  return { ...before, [name]: parseInteger(`--model-option ${name}`, value, positive) };
}

/** `constant:W`, `cosine:W` or `steps:W:E,E,…:F` with W warm-up steps, epochs E counted from 0, and factor F. */
export function parseSchedule(text: string): ScheduleConfig {
  const [kind, warmup = "0", epochs, factor, ...rest] = text.split(":");
  const warmupSteps = parseInteger("--schedule, warm-up steps", warmup, { min: 0 });
  if ((kind === "constant" || kind === "cosine") && epochs === undefined) return { kind, warmupSteps };
  if (kind === "steps" && epochs !== undefined && factor !== undefined && rest.length === 0) {
    const starts = epochs.split(",").map((epoch) => parseInteger("--schedule, epochs", epoch, { min: 0 }));
    return { kind, warmupSteps, epochs: starts, factor: positiveOption("--schedule, factor")(factor) };
  }
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: "--schedule is not one that can be read",
    expected: "constant:0, cosine:20 or steps:0:2,4:0.1",
    received: `"${text}"`,
  });
}
