/** Checks that the sentences say what the rows say, and no more. */
import { describe, expect, it } from "vitest";
import { syntheticResults, syntheticRun, syntheticSpec } from "../../test/synthetic-study.ts";
import { findings } from "./findings.ts";
import { summarise } from "./summary.ts";

function sentences(
  accuracies: Readonly<Record<string, readonly number[]>>,
  changes: Record<string, unknown> = {},
) {
  const recipes = Object.keys(accuracies);
  const seeds = accuracies[recipes[0]].map((_, seed) => seed);
  const spec = syntheticSpec({ recipes, seeds, ...changes });
  const runs = recipes.flatMap((recipe) =>
    accuracies[recipe].map((accuracy, seed) => syntheticRun({ setting: "main", recipe, seed, accuracy })),
  );
  return findings(spec, summarise(spec, runs))[0].sentences.join("\n");
}

describe("findings", () => {
  it("names the baseline, what is equivalent and what failed", () => {
    const spec = syntheticSpec({ expected: { "fp16-unscaled": "worse", bf16: "worse" } });
    expect(findings(spec, summarise(spec, syntheticResults()))[0].sentences).toEqual([
      "fp32 reached 90.70 % test accuracy (mean of 3 seeds, which spread by 0.20 points).",
      "Equivalent within ±1.00 points: bf16 (−0.05).",
      "Worse, because training failed: fp16-unscaled (2 of 3 seeds diverged).",
      "1 of 2 predictions made before the run came true; not bf16 (predicted worse, found equivalent).",
    ]);
  });

  it("says what it cannot tell, with the interval", () => {
    const text = sentences({ fp32: [0.9, 0.9, 0.9], bf16: [0.88, 0.9, 0.915], fp8: [0.9, 0.9, 0.9] });
    expect(text).toContain("Not shown either way: bf16 (−0.17, [−3.13, +2.79]).");
    expect(text).toContain("Equivalent within ±1.00 points: fp8 (0.00).");
    expect(sentences({ fp32: [0.9], bf16: [0.9] })).toContain("Not shown either way: bf16 (0.00).");
  });

  it("says by a control whether the setting can tell anything", () => {
    const variants = { reordered: { recipe: "fp32", batchOrder: "reversed" } };
    const quiet = sentences({ fp32: [0.8, 0.8, 0.8], reordered: [0.801, 0.8, 0.799] }, { variants });
    expect(quiet).toContain(
      "The control reordered (0.00, 90 % interval [−0.17, +0.17]) lies inside the margin",
    );
    const noisy = sentences({ fp32: [0.8, 0.8, 0.8], reordered: [0.82, 0.8, 0.79] }, { variants });
    expect(noisy).toContain(
      "does not lie inside the margin of ±1.00 points: differences of this size are chance",
    );
    expect(noisy).not.toContain("Not shown");
  });

  it("does not call better equivalent", () => {
    const text = sentences({ fp32: [0.8, 0.8], bf16: [0.85, 0.85] });
    expect(text).toContain("Better: bf16 (+5.00).");
    expect(text).not.toContain("Equivalent");
  });

  it("draws no conclusion without a baseline that learned, or with runs missing", () => {
    const failed = sentences({ fp32: [0.1, 0.1], bf16: [0.9, 0.9] });
    expect(failed).toContain("It failed to train, so this setting cannot judge a format.");
    expect(failed).not.toMatch(/Equivalent|Better|Worse|Not shown/);
    const spec = syntheticSpec();
    const none = findings(spec, summarise(spec, []))[0].sentences;
    expect(none).toEqual([
      "No finished fp32 run, so there is nothing to compare with.",
      "9 runs of this setting are missing: the study is not complete.",
    ]);
  });
});
