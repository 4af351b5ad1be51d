import { Command } from "commander";
import { describe, expect, it } from "vitest";
import type { OptimizerConfig } from "../optim/optimizer-config.ts";
import { trainCommand } from "../train/command.ts";
import type { TrainConfig } from "../train/config.ts";
import { declareTrainSettings, parseSchedule, type TrainSettings, trainConfig } from "./train-settings.ts";

function parse(argv: readonly string[]): TrainConfig {
  const command = declareTrainSettings(new Command("train").option("--out <dir>").exitOverride());
  return trainConfig(command.parse(argv, { from: "user" }).opts<TrainSettings>());
}

const schedule = { kind: "cosine", warmupSteps: 5 } as const;

const configWith = (optimizer: OptimizerConfig): TrainConfig => ({
  model: "resnet20",
  modelOptions: { width: 8, blocks: 1 },
  data: "fashion-mnist",
  recipe: "bf16",
  epochs: 3,
  seed: 2 ** 40,
  batchSize: 32,
  trainLimit: 1000,
  testLimit: undefined,
  optimizer,
});

const words = (config: TrainConfig) => trainCommand(config, "OUT").split(" ").slice(2);

describe("the settings of a run", () => {
  it.each([
    { kind: "cosine", warmupSteps: 5 },
    { kind: "steps", warmupSteps: 0, epochs: [2, 4], factor: 0.1 },
    { kind: "TRIEXP", warmupSteps: 2, settings: { l: 100, gamma: 0.999 } },
  ] as const)("are read back from the command that a record holds: $kind", (schedule) => {
    const config = configWith({ learningRate: 0.05, momentum: 0, weightDecay: 1e-7, schedule });
    expect(parse(words(config))).toEqual(config);
  });

  it.each<OptimizerConfig>([
    {
      kind: "adamw",
      learningRate: 1e-3,
      weightDecay: 0.01,
      schedule,
      settings: { beta2: 0.95, clipNorm: 1 },
    },
    { kind: "rmsprop", learningRate: 1e-2, momentum: 0, weightDecay: 0, schedule },
    { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, schedule, settings: { nesterov: 1 } },
  ])("are read back with the optimizer: $kind", (optimizer) => {
    expect(parse(words(configWith(optimizer)))).toEqual(configWith(optimizer));
  });

  it("take the defaults of the optimizer that was named", () => {
    const { optimizer } = parse(["--model", "mlp", "--optimizer", "lamb:eps=1e-5"]);
    expect(optimizer).toMatchObject({
      kind: "lamb",
      learningRate: 1e-3,
      weightDecay: 0.01,
      settings: { eps: 1e-5 },
    });
    expect(optimizer).not.toHaveProperty("momentum");
  });

  it.each([
    [["--optimizer", "adma"], /unknown optimizer "adma".*Did you mean "adam"/],
    [["--optimizer", "adam:nesterov=1"], /unknown setting of the optimizer adam "nesterov"/],
    [["--optimizer", "adam:beta1=1"], /beta1 is out of range/],
    [["--optimizer", "adam:beta1"], /not of the form name=number/],
    [["--optimizer", "adam:beta1=0.5,beta1=0.6"], /there twice/],
    [["--optimizer", "adam:beta1=0.5:x"], /--optimizer is not one that can be read/],
    [["--optimizer", "sgd:nesterov=2"], /nesterov is out of range.*0 or 1/],
    [["--optimizer", "adam", "--momentum", "0.5"], /the optimizer adam has no momentum.*beta1/],
    [["--schedule", "exponential:0"], /exponential cannot work with its gamma.*received nothing/],
    [["--schedule", "oneCycle:0:period=3"], /unknown setting of the schedule oneCycle "period"/],
    [["--schedule", "TRI:0:l=0"], /TRI cannot work with its l/],
  ])("refuse %j", (words, message) => {
    expect(() => parse(["--model", "mlp", ...words])).toThrow(message);
  });

  it("have defaults for all but the model", () => {
    expect(parse(["--model", "mlp"])).toMatchObject({ model: "mlp", recipe: "fp32", epochs: 1, seed: 0 });
  });

  it.each([
    ["--model-option", "width"],
    ["--model-option", "width=8=9"],
    ["--model-option", "width=-1"],
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
    "cosine:x",
    "cosine:1:2",
    "steps:0",
    "steps:0:1",
    "steps:0:a:0.1",
    "steps:0:1:0",
    "steps:0:1:0.1:2",
    "exponential:0:gamma=0.9:1",
    "exponential:0:gamma=-1",
  ])("refuse %j", (text) => {
    expect(() => parseSchedule(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it("that are unknown are refused with what there is", () => {
    expect(() => parseSchedule("cosin:0")).toThrow(/Did you mean "cosine"/);
  });
});
