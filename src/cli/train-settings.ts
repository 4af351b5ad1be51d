/**
 * The options of `roundoff train` and the configuration they mean. Reads back what train/command.ts writes into run
 * records, so that the command line of a record makes the same run again.
 */
import { type Command, Option } from "commander";
import { RoundoffError } from "../base/errors.ts";
import { parseDataName } from "../data/data-sets.ts";
import {
  type OptimizerConfig,
  type OptimizerKind,
  optimizerDefaults,
  optimizerKind,
} from "../optim/optimizer-config.ts";
import { isSettled, type ScheduleConfig, scheduleKind } from "../optim/schedules.ts";
import {
  BATCH_ORDERS,
  type BatchOrder,
  checkConfig,
  DEFAULT_OPTIMIZER,
  type TrainConfig,
} from "../train/config.ts";
import {
  fractionOption,
  integerOption,
  notNegativeOption,
  parseInteger,
  positiveOption,
} from "./option-values.ts";

export interface TrainSettings {
  readonly model: string;
  readonly modelOption: Readonly<Record<string, number>>;
  readonly data: string;
  readonly recipe: string;
  readonly epochs: number;
  readonly seed: number;
  readonly limit?: number;
  readonly testLimit?: number;
  readonly imageSize?: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerChoice;
  readonly learningRate?: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly schedule: ScheduleConfig;
  readonly telemetryEvery?: number;
  readonly batchOrder?: BatchOrder;
}

/** What `--optimizer` says. */
export interface OptimizerChoice {
  readonly kind: OptimizerKind;
  readonly settings: Readonly<Record<string, number>>;
}

/** How often a run is saved and how much of it stays: no part of what it computes. */
export interface CheckpointSettings {
  readonly checkpointEvery?: number;
  readonly keep?: number;
}

const positive = { min: 1 };
const SGD_AS_IT_IS: OptimizerChoice = { kind: "sgd", settings: {} };

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
  const { schedule } = DEFAULT_OPTIMIZER;
  const { learningRate, momentum, weightDecay } = optimizerDefaults("sgd");
  const ofSgd = (value: number | undefined) => `(default: the optimizer's; sgd: ${value})`;
  return command
    .requiredOption("--model <name>", "the model")
    .option("--model-option <name=n>", "a size of the model, as width=8; may be repeated", modelOption, {})
    .option(
      "--data <name[:dir]>",
      "the data set, or your own: imagefolder:DIR, imageshards:DIR, npz:FILE, idx:DIR, cifar10:DIR or cifar100:DIR",
      "fashion-mnist",
    )
    .option(
      "--recipe <name>",
      "number formats, scaling and rounding: a name, or with options as fp8:scale=1000",
      "fp32",
    )
    .option("--epochs <n>", "passes over the training data", integerOption("--epochs", positive), 1)
    .option("--seed <n>", "the only source of randomness", integerOption("--seed", { min: 0 }), 0)
    .option("--limit <n>", "use so many training examples", integerOption("--limit", positive))
    .option("--test-limit <n>", "use so many test examples", integerOption("--test-limit", positive))
    .option(
      "--image-size <n>",
      "rows and columns that the model sees (default: 32, of a folder 224)",
      integerOption("--image-size", { min: 1, max: 4096 }),
    )
    .option("--batch-size <n>", "examples in a step", integerOption("--batch-size", positive), 64)
    .option(
      "--optimizer <kind[:setting=x,...]>",
      "sgd, adam, adamw, rmsprop, adagrad, lars or lamb, as adamw:beta2=0.95,clipNorm=1",
      parseOptimizer,
      SGD_AS_IT_IS,
    )
    .option(
      "--learning-rate <x>",
      `the peak of the schedule ${ofSgd(learningRate)}`,
      positiveOption("--learning-rate"),
    )
    .option("--momentum <x>", `from 0, below 1 ${ofSgd(momentum)}`, fractionOption("--momentum"))
    .option("--weight-decay <x>", `from 0, below 1 ${ofSgd(weightDecay)}`, fractionOption("--weight-decay"))
    .option(
      "--schedule <kind:warmup[:...]>",
      "constant:0, cosine:20, steps:0:2,4:0.1 or one with settings, as exponential:0:gamma=0.999 (warm-up in steps)",
      parseSchedule,
      schedule,
    )
    .option(
      "--telemetry-every <steps>",
      "record every so many steps what rounding errors and gradients lost",
      integerOption("--telemetry-every", positive),
    )
    .addOption(
      new Option("--batch-order <order>", "examples within a batch: a control for the order of sums").choices(
        BATCH_ORDERS,
      ),
    );
}

/** The checked configuration. Throws INVALID_ARGUMENT. */
export function trainConfig(settings: TrainSettings): TrainConfig {
  const { model, modelOption, recipe, epochs, seed, batchSize, limit, testLimit, imageSize } = settings;
  const { telemetryEvery, batchOrder } = settings;
  return checkConfig({
    model,
    modelOptions: modelOption,
    data: parseDataName(settings.data).name,
    recipe,
    epochs,
    seed,
    batchSize,
    trainLimit: limit,
    testLimit,
    ...(imageSize !== undefined && { imageSize }),
    optimizer: optimizerConfig(settings),
    telemetryEvery,
    batchOrder,
  });
}

/** SGD without settings is not named: its runs keep the records they had when there was no other. */
function optimizerConfig(given: TrainSettings): OptimizerConfig {
  const { kind, settings } = given.optimizer;
  const defaults = optimizerDefaults(kind);
  const { learningRate = defaults.learningRate, momentum = defaults.momentum } = given;
  const { weightDecay = defaults.weightDecay, schedule } = given;
  return {
    ...(kind === "sgd" ? {} : { kind }),
    learningRate,
    ...(momentum === undefined ? {} : { momentum }),
    weightDecay,
    schedule,
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
  };
}

/** `kind` or `kind:setting=x,setting=x`. Whether the optimizer has such settings is checked with the configuration. */
export function parseOptimizer(text: string): OptimizerChoice {
  const [name, told, ...rest] = text.split(":");
  const kind = optimizerKind(name);
  if (rest.length === 0)
    return { kind, settings: told === undefined ? {} : parseSettings("--optimizer", told) };
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: "--optimizer is not one that can be read",
    expected: "for example adamw or adamw:beta2=0.95,clipNorm=1",
    received: `"${text}"`,
  });
}

/** `name=x,name=x`: numbers of at least 0, each name once. */
function parseSettings(option: string, text: string): Readonly<Record<string, number>> {
  const settings: Record<string, number> = {};
  for (const part of text.split(",")) {
    const [name, value, ...rest] = part.split("=");
    if (name === "" || value === undefined || rest.length > 0 || name in settings) {
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: `a setting in ${option} is not of the form name=number, or is there twice`,
        expected: "for example gamma=0.9,power=2",
        received: `"${part}"`,
      });
    }
    settings[name] = notNegativeOption(`${option}, ${name}`)(value);
  }
  return settings;
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
  return { ...before, [name]: parseInteger(`--model-option ${name}`, value, { min: 0 }) };
}

/**
 * `constant:W`, `cosine:W`, `steps:W:E,E,…:F` or `kind:W:setting=x,…` with W warm-up steps, epochs E counted from 0, and
 * factor F.
 */
export function parseSchedule(text: string): ScheduleConfig {
  const [name, warmup = "0", third, factor, ...rest] = text.split(":");
  const kind = scheduleKind(name);
  const warmupSteps = parseInteger("--schedule, warm-up steps", warmup, { min: 0 });
  if (kind === "steps") {
    if (third !== undefined && factor !== undefined && rest.length === 0) {
      const epochs = third.split(",").map((epoch) => parseInteger("--schedule, epochs", epoch, { min: 0 }));
      return { kind, warmupSteps, epochs, factor: positiveOption("--schedule, factor")(factor) };
    }
  } else if (isSettled(kind)) {
    const settings = third === undefined ? {} : parseSettings("--schedule", third);
    if (factor === undefined) return { kind, warmupSteps, settings };
  } else if (third === undefined) return { kind, warmupSteps };
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: "--schedule is not one that can be read",
    expected: "constant:0, cosine:20, steps:0:2,4:0.1 or for example exponential:0:gamma=0.999",
    received: `"${text}"`,
  });
}
