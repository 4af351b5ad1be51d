/** Checks bins, bands and what happens where a run diverges. */
import { describe, expect, it } from "vitest";
import { syntheticRun } from "../../test/synthetic-study.ts";
import { accuracyCurves, lossCurves, smoothingWindow } from "./curves.ts";
import type { RunResult } from "./run-result.ts";

function run(seed: number, losses: readonly number[], status: RunResult["status"] = "finished"): RunResult {
  const base = syntheticRun({ setting: "main", recipe: "bf16", seed, accuracy: 0.9, status });
  return { ...base, steps: losses.map((loss, i) => ({ step: i + 1, loss })) };
}

describe("lossCurves", () => {
  it("averages whole bins and leaves a ragged tail out", () => {
    const [curve] = lossCurves(["bf16"], [run(0, [4, 2, 3, 1, 9])], 2);
    expect(curve.points).toEqual([
      { x: 2, mean: 3, low: 3, high: 3 },
      { x: 4, mean: 2, low: 2, high: 2 },
    ]);
    expect(curve.ends).toEqual([]);
  });

  it("bands over seeds, and goes on with those that are left", () => {
    const runs = [run(0, [4, 2, 3, 1]), run(1, [2, 2, 8, Number.NaN], "diverged")];
    const [curve] = lossCurves(["bf16"], runs, 2);
    expect(curve.points).toEqual([
      { x: 2, mean: 2.5, low: 2, high: 3 },
      { x: 4, mean: 2, low: 2, high: 2 },
    ]);
    expect(curve.ends).toEqual([{ x: 3, y: 8 }]);
  });

  it("has a curve without points for a run that was never finite, and none for a recipe without runs", () => {
    const curves = lossCurves(["bf16", "fp8"], [run(0, [Number.NaN, Number.NaN], "diverged")], 1);
    expect(curves).toEqual([{ recipe: "bf16", points: [], ends: [] }]);
  });

  it("shows a run shorter than one bin", () => {
    expect(lossCurves(["bf16"], [run(0, [3, 1])], 5)[0].points).toEqual([{ x: 2, mean: 2, low: 2, high: 2 }]);
  });

  it("leaves interrupted runs out", () => {
    expect(lossCurves(["bf16"], [run(0, [1, 1], "interrupted")], 1)).toEqual([]);
  });
});

describe("smoothingWindow", () => {
  it("is the smallest that keeps the longest run within the points asked for", () => {
    expect(smoothingWindow([run(0, [1, 1, 1]), run(1, [1, 1, 1, 1, 1, 1, 1])], 3)).toBe(3);
    expect(smoothingWindow([run(0, [1, 1])], 3)).toBe(1);
    expect(smoothingWindow([])).toBe(1);
  });
});

describe("accuracyCurves", () => {
  it("has one point per epoch", () => {
    const [curve] = accuracyCurves(
      ["fp32"],
      [0.9, 0.8].map((accuracy, seed) => syntheticRun({ setting: "main", recipe: "fp32", seed, accuracy })),
    );
    expect(curve.points.map((point) => point.x)).toEqual([1, 2, 3, 4]);
    expect(curve.points[3].mean).toBeCloseTo(0.85, 12);
    expect(curve.points[3].low).toBeCloseTo(0.8, 12);
    expect(curve.points[3].high).toBeCloseTo(0.9, 12);
  });
});
