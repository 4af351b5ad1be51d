/** Checks that study files are read whole, that defaults are shared, and that every mistake is named by its path. */
import { describe, expect, it } from "vitest";
import { isControl, parseStudySpec, variantOf } from "./spec.ts";

const optimizer = { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, schedule: { kind: "cosine" } };

function study(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: "quick",
    title: "Quick",
    question: "Does it hold?",
    seeds: [0, 1, 2],
    margin: 0.01,
    chance: 0.1,
    model: "lenet",
    data: "fashion-mnist",
    epochs: 2,
    batchSize: 128,
    optimizer,
    recipes: ["fp32", "bf16"],
    ...changes,
  };
}

const parse = (changes?: Record<string, unknown>) => parseStudySpec(study(changes), "studies.quick");

describe("parseStudySpec", () => {
  it("makes one setting of a study without settings", () => {
    const spec = parse();
    expect(spec.baseline).toBe("fp32");
    expect(spec.metric).toBe("testAccuracy");
    expect(spec.settings).toHaveLength(1);
    expect(spec.settings[0]).toMatchObject({
      id: "main",
      title: "Results",
      model: "lenet",
      epochs: 2,
      expected: {},
    });
    expect(spec.settings[0].optimizer.schedule).toEqual({ kind: "cosine", warmupSteps: 0 });
  });

  it("lets a setting override what the study shares", () => {
    const spec = parse({
      settings: [
        { id: "lenet", title: "LeNet", modelOptions: { width: 8 } },
        {
          id: "control",
          title: "Control",
          model: "resnet20",
          epochs: 5,
          trainLimit: 6000,
          recipes: ["fp32", "fp16-unscaled"],
          expected: { "fp16-unscaled": "worse" },
          optimizer: { learningRate: 1, schedule: { kind: "steps", epochs: [3, 4], factor: 0.1 } },
        },
      ],
    });
    expect(spec.settings.map((setting) => setting.epochs)).toEqual([2, 5]);
    expect(spec.settings[0].modelOptions).toEqual({ width: 8 });
    expect(spec.settings[1].expected).toEqual({ "fp16-unscaled": "worse" });
    expect(spec.settings[1].optimizer).toEqual({
      learningRate: 1,
      momentum: 0,
      weightDecay: 0,
      schedule: { kind: "steps", warmupSteps: 0, epochs: [3, 4], factor: 0.1 },
    });
    expect(spec.settings[0].trainLimit).toBeUndefined();
  });

  it("takes any optimizer and schedule with their settings", () => {
    const optimizer = {
      kind: "adamw",
      learningRate: 1e-3,
      weightDecay: 0.01,
      schedule: { kind: "oneCycle", warmupSteps: 0, settings: { pctStart: 0.25 } },
      settings: { beta2: 0.98 },
    };
    expect(parse({ optimizer }).settings[0].optimizer).toEqual(optimizer);
  });

  const two = (second: Record<string, unknown>) => ({
    settings: [
      { id: "a", title: "A" },
      { id: "b", title: "B", ...second },
    ],
  });
  const mistakes: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    [
      "a wrong type in a setting",
      two({ epochs: "x" }),
      /studies\.quick\.settings\[1\]\.epochs: .*expected a positive integer; received "x"/,
    ],
    ["a missing shared field", { epochs: undefined }, /settings\[0\]\.epochs: .*received nothing/],
    ["a shared field of the wrong kind", { batchSize: 0 }, /studies\.quick\.batchSize: .*received 0/],
    ["a misspelt field", { epoch: 3 }, /studies\.quick.*"epoch".*Did you mean "epochs"\?/],
    ["a misspelt setting field", two({ modell: "lenet" }), /settings\[1\].*"modell".*Did you mean "model"\?/],
    ["two settings of one id", two({ id: "a" }), /settings\[1\]\.id: .*no other setting/],
    ["an id that is no file name", two({ id: "../b" }), /settings\[1\]\.id: .*lower-case/],
    ["a setting without baseline", two({ recipes: ["bf16"] }), /settings\[1\]\.recipes: .*"fp32" among/],
    ["a repeated seed", { seeds: [1, 2, 1] }, /studies\.quick\.seeds\[2\]: .*received 1/],
    ["a negative seed", { seeds: [-1] }, /seeds\[0\]: .*at least 0; received -1/],
    ["no seeds", { seeds: [] }, /studies\.quick\.seeds: .*at least one element/],
    ["a margin in percent", { margin: 1 }, /studies\.quick\.margin: .*above 0 and below 1; received 1/],
    ["an unknown metric", { metric: "loss" }, /studies\.quick\.metric: .*"testAccuracy"; received "loss"/],
    [
      "a prediction for a recipe that is not run",
      { expected: { fp8: "equivalent" } },
      /expected: .*fp32, bf16.*"fp8"/,
    ],
    ["a prediction that is no verdict", { expected: { bf16: "good" } }, /expected\.bf16: .*"equivalent" or/],
    ["an empty settings list", { settings: [] }, /studies\.quick\.settings: .*at least one setting/],
    [
      "an optimizer without rate",
      { optimizer: {} },
      /studies\.quick\.optimizer\.learningRate: .*received nothing/,
    ],
    [
      "a field of another schedule",
      { optimizer: { learningRate: 1, schedule: { kind: "cosine", factor: 0.1 } } },
      /optimizer\.schedule\.factor: .*cosine/,
    ],
    [
      "an unknown optimizer",
      { optimizer: { kind: "adamx", learningRate: 1 } },
      /studies\.quick\.optimizer\.kind: .*"adamw".*received "adamx"/,
    ],
  ];

  it.each(mistakes)("names the place of %s", (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });

  it("refuses what is no object at all", () => {
    expect(() => parseStudySpec([1], "studies.quick")).toThrow(/studies\.quick: .*an object; received \[1\]/);
    expect(() => parseStudySpec(null, "file.json")).toThrow(/file\.json: .*received null/);
  });
});

describe("variants", () => {
  const spec = (variants: unknown, recipes = ["fp32", "own"]) => parse({ variants, recipes });

  it("stand for a recipe with options, or for another way to train", () => {
    expect(variantOf(spec({ own: "fp8:scale=1000" }), "own")).toEqual({ recipe: "fp8:scale=1000" });
    expect(variantOf(spec({}), "fp32")).toEqual({ recipe: "fp32" });
    const reversed = spec({ own: { recipe: "fp32", batchOrder: "reversed" } });
    expect(variantOf(reversed, "own")).toMatchObject({ recipe: "fp32", batchOrder: "reversed" });
  });

  it("are controls where they train the baseline's recipe", () => {
    expect(isControl(spec({ own: { recipe: "fp32", seedOffset: 7 } }), "own")).toBe(true);
    expect(isControl(spec({ own: "bf16" }), "own")).toBe(false);
    expect(isControl(spec({ own: "bf16" }), "fp32")).toBe(false);
  });

  it.each([
    [{ own: { recipe: "fp32", order: "reversed" } }, /order/],
    [{ own: { recipe: "fp32", batchOrder: "backwards" } }, /batchOrder.*"asDrawn" or "reversed"/],
    [{ own: { recipe: "fp32", seedOffset: 0 } }, /seedOffset/],
    [{ "Own:x": "fp32" }, /lower-case/],
    [{ own: 3 }, /variants\.own/],
  ])("refuses %j", (variants, message) => {
    expect(() => spec(variants)).toThrow(message);
  });
});
