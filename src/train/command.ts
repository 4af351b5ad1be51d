/** The command line that trains one configuration again: what a record and a report print for replaying a run. */
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
    ["--learning-rate", optimizer.learningRate],
    ["--momentum", optimizer.momentum],
    ["--weight-decay", optimizer.weightDecay],
    ["--schedule", scheduleText(config)],
    ["--out", out],
  ];
  const words = options.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return ["roundoff train", ...words].join(" ");
}

/** `cosine:20` (warm-up steps) or `steps:0:2,4:0.1` (warm-up steps, epochs, factor), as `--schedule` reads it. */
function scheduleText({ optimizer: { schedule } }: TrainConfig): string {
  const base = `${schedule.kind}:${schedule.warmupSteps}`;
  return schedule.kind === "steps" ? `${base}:${schedule.epochs.join(",")}:${schedule.factor}` : base;
}
