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
  it("names the baseline, what held and what failed", () => {
    const spec = syntheticSpec({ expected: { "fp16-unscaled": "fails", bf16: "degrades" } });
    expect(findings(spec, summarise(spec, syntheticResults()))[0].sentences).toEqual([
      "fp32 reached 90.70 % test accuracy (mean of 3 seeds, which spread by 0.20 points).",
      "Inside the margin of ±1.00 points: bf16 (−0.05).",
      "Failed: fp16-unscaled (2 of 3 seeds diverged).",
      "The 90 % interval of the gap supports the verdict on bf16.",
      "Predicted before the run: bf16 degrades. Found: bf16 holds.",
      "Predicted before the run: fp16-unscaled fails. Found: fp16-unscaled fails.",
    ]);
  });

  it("says when only the point estimate speaks", () => {
    const text = sentences({ fp32: [0.9, 0.9, 0.9], bf16: [0.88, 0.9, 0.915], fp8: [0.9, 0.9, 0.9] });
    expect(text).toContain("For bf16 the verdict rests on the point estimate only");
    expect(text).not.toContain("For bf16 and fp8");
  });

  it("warns of one seed, and of a baseline noisier than the margin", () => {
    expect(sentences({ fp32: [0.9], bf16: [0.9] })).toContain(
      "With one seed these verdicts are point estimates",
    );
    expect(sentences({ fp32: [0.86, 0.9], bf16: [0.86, 0.9] })).toContain(
      "alone spread by more than the margin",
    );
  });

  it("does not call better equivalent", () => {
    const text = sentences({ fp32: [0.8, 0.8], bf16: [0.85, 0.85] });
    expect(text).toContain("Above the baseline by more than the margin of 1.00 points: bf16 (+5.00).");
    expect(text).not.toContain("Inside");
  });

  it("draws no conclusion without a baseline that learned, or with runs missing", () => {
    const failed = sentences({ fp32: [0.1, 0.1], bf16: [0.9, 0.9] });
    expect(failed).toContain("It failed to train, so this setting cannot judge a format.");
    expect(failed).not.toMatch(/Inside|Above|Below|support/);
    const spec = syntheticSpec();
    const none = findings(spec, summarise(spec, []))[0].sentences;
    expect(none).toEqual([
      "No finished fp32 run, so there is nothing to compare with.",
      "9 runs of this setting are missing: the study is not complete.",
    ]);
  });
});
