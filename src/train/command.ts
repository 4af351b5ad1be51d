/** The command line that trains one configuration again: what a record and a report print for replaying a run. */
import type { OptimizerConfig } from "../optim/optimizer-config.ts";
import type { ScheduleConfig } from "../optim/schedules.ts";
import type { TrainConfig } from "./config.ts";

/** Options are written out even where they are defaults, so that later defaults do not change the run. */
export function trainCommand(config: TrainConfig, out: string): string {
  const { optimizer, modelOptions } = config;
  const options: [string, string | number | undefined][] = [
    ["--model", config.model],
    ...Object.entries(modelOptions).map(([key, value]): [string, string] => [
      "--model-option",
      `${key}=${value}`,
    ]),
    ["--data", config.data],
    ["--recipe", config.recipe],
    ["--epochs", config.epochs],
    ["--seed", config.seed],
    ["--batch-size", config.batchSize],
    ["--limit", config.trainLimit],
    ["--test-limit", config.testLimit],
    ["--image-size", config.imageSize],
    ["--optimizer", optimizerText(optimizer)],
    ["--learning-rate", optimizer.learningRate],
    ["--momentum", optimizer.momentum],
    ["--weight-decay", optimizer.weightDecay],
    ["--schedule", scheduleText(optimizer.schedule)],
    ["--telemetry-every", config.telemetryEvery],
    ["--batch-order", config.batchOrder],
    ["--out", out],
  ];
  const words = options.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return ["roundoff train", ...words].join(" ");
}

/** `adamw:beta2=0.95,eps=1e-6`; nothing for SGD as it is when nothing is said. */
function optimizerText({ kind = "sgd", settings = {} }: OptimizerConfig): string | undefined {
  const told = settingsText(settings);
  if (kind === "sgd" && told === "") return undefined;
  return told === "" ? kind : `${kind}:${told}`;
}

/**
 * `cosine:20` (warm-up steps), `steps:0:2,4:0.1` (warm-up steps, epochs, factor) or `exponential:0:gamma=0.9` (warm-up steps,
 * settings), as `--schedule` reads it.
 */
function scheduleText(schedule: ScheduleConfig): string {
  const base = `${schedule.kind}:${schedule.warmupSteps}`;
  if (schedule.kind === "steps") return `${base}:${schedule.epochs.join(",")}:${schedule.factor}`;
  const told = "settings" in schedule ? settingsText(schedule.settings) : "";
  return told === "" ? base : `${base}:${told}`;
}

function settingsText(settings: Readonly<Record<string, number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
