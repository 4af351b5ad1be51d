import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { trainCommand } from "../train/command.ts";
import type { TrainConfig } from "../train/config.ts";
import { declareTrainSettings, parseSchedule, type TrainSettings, trainConfig } from "./train-settings.ts";

function parse(argv: readonly string[]): TrainConfig {
  const command = declareTrainSettings(new Command("train").option("--out <dir>").exitOverride());
  return trainConfig(command.parse(argv, { from: "user" }).opts<TrainSettings>());
}

describe("the settings of a run", () => {
  it.each([
    { kind: "cosine", warmupSteps: 5 },
    { kind: "steps", warmupSteps: 0, epochs: [2, 4], factor: 0.1 },
  ] as const)("are read back from the command that a record holds: $kind", (schedule) => {
    const config: TrainConfig = {
      model: "resnet20",
      modelOptions: { width: 8, blocks: 1 },
      data: "fashion-mnist",
      recipe: "bf16",
      epochs: 3,
      seed: 2 ** 40,
      batchSize: 32,
      trainLimit: 1000,
      testLimit: undefined,
      optimizer: { learningRate: 0.05, momentum: 0, weightDecay: 1e-7, schedule },
    };
    const words = trainCommand(config, "OUT").split(" ").slice(2);
    expect(parse(words)).toEqual(config);
  });

  it("have defaults for all but the model", () => {
    expect(parse(["--model", "mlp"])).toMatchObject({ model: "mlp", recipe: "fp32", epochs: 1, seed: 0 });
  });

  it.each([
    ["--model-option", "width"],
    ["--model-option", "width=8=9"],
    ["--model-option", "width=0"],
    ["--momentum", "1"],
    ["--weight-decay", "-0.1"],
    ["--limit", "0"],
  ])("refuse %s %s", (option, value) => {
    expect(() => parse(["--model", "mlp", option, value])).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("schedules", () => {
  it("may leave out the warm-up", () => {
    expect(parseSchedule("constant")).toEqual({ kind: "constant", warmupSteps: 0 });
  });

  it.each([
    "",
    "linear:0",
    "cosine:x",
    "cosine:1:2",
    "steps:0",
    "steps:0:1",
    "steps:0:a:0.1",
    "steps:0:1:0",
    "steps:0:1:0.1:2",
  ])("refuse %j", (text) => {
    expect(() => parseSchedule(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
