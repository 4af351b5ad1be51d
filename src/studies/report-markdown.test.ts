/** Checks the Markdown report: sections, aligned tables, and text that cannot break out of its cell. */
import { describe, expect, it } from "vitest";
import { syntheticResults, syntheticSpec } from "../../test/synthetic-study.ts";
import { markdownReport } from "./report-markdown.ts";
import type { ReportInput } from "./report-model.ts";
import { collectFacts, describeSetting } from "./report-model.ts";

const input: ReportInput = {
  spec: syntheticSpec(),
  results: syntheticResults(),
  recipes: [{ recipe: "bf16", paper: "A | B", settings: { rounding: "to\nnearest" } }],
  machine: {},
  command: "roundoff study synthetic",
};

describe("markdownReport", () => {
  const lines = markdownReport(input).split("\n");

  it("has the verdict table with the numbers to the right", () => {
    const head = lines.findIndex((line) => line.startsWith("| recipe | accuracy %"));
    expect(lines[head + 1]).toBe("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |");
    expect(lines[head + 3]).toBe(
      "| bf16 | 90.65 | −0.05 | \\[−0.13, +0.03\\] | \\< 0.001 | 0.25 | 3 | equivalent | inside-margin |",
    );
  });

  it("keeps foreign text inside its cell", () => {
    expect(lines).toContain("| paper | A \\| B |");
    expect(lines).toContain("| rounding | to nearest |");
  });

  it("ends with the command", () => {
    expect(lines.slice(-4)).toEqual(["```sh", "roundoff study synthetic", "```", ""]);
  });
});

describe("facts of a report", () => {
  it("show every distinct value, once", () => {
    const [first, ...rest] = syntheticResults();
    const kernels = { ...first.facts.kernels, threads: 8 };
    const results = [{ ...first, facts: { ...first.facts, kernels } }, ...rest];
    const facts = new Map(collectFacts({ ...input, results }).map((fact) => [fact.title, fact.values]));
    expect(facts.get("Threads")).toEqual(["8", "2"]);
    expect(facts.get("Processor")).toEqual(["Example CPU 9000"]);
  });

  it("describe a setting with its schedule and limits", () => {
    const schedule = { kind: "steps", epochs: [3, 5], factor: 0.1, warmupSteps: 100 };
    const { settings } = syntheticSpec({
      trainLimit: 12000,
      modelOptions: { width: 8 },
      optimizer: { learningRate: 0.05, schedule },
    });
    const facts = new Map(describeSetting(settings[0]).map((fact) => [fact.title, fact.values[0]]));
    expect(facts.get("Model")).toBe("lenet, width 8");
    expect(facts.get("Training examples")).toBe("first 12,000");
    expect(facts.get("Test examples")).toBe("all");
    expect(facts.get("Learning rate")).toBe("0.05, times 0.1 after 3, 5 epochs, warm-up of 100 steps");
  });

  it("name an optimizer other than SGD with its settings", () => {
    const schedule = { kind: "exponential", settings: { gamma: 0.9 } };
    const { settings } = syntheticSpec({
      optimizer: { kind: "adamw", learningRate: 0.01, schedule, settings: { beta2: 0.95 } },
    });
    const facts = new Map(describeSetting(settings[0]).map((fact) => [fact.title, fact.values[0]]));
    expect(facts.get("Optimizer")).toBe("adamw");
    expect(facts.get("Learning rate")).toBe("0.01, exponential (gamma 0.9)");
    expect(facts.get("Other settings of the optimizer")).toBe("beta2 0.95");
    expect(facts.get("Momentum")).toBeUndefined();
  });
});
