/** Checks pairing by seed, what is left out, and that rows do not depend on the order of the runs. */
import { describe, expect, it } from "vitest";
import { syntheticResults, syntheticRun, syntheticSpec } from "../../test/synthetic-study.ts";
import { checkPredictions, summarise } from "./summary.ts";

describe("summarise", () => {
  const spec = syntheticSpec();

  it("gives one row per recipe, in the order of the study", () => {
    const { rows, missing } = summarise(spec, syntheticResults());
    expect(missing).toEqual([]);
    expect(rows.map((row) => [row.recipe, row.verdict, row.rule])).toEqual([
      ["fp32", "equivalent", "baseline"],
      ["bf16", "equivalent", "inside-margin"],
      ["fp16-unscaled", "worse", "diverged"],
    ]);
    const [fp32, bf16, fp16] = rows;
    expect(fp32).toMatchObject({ gap: 0, ci90: [0, 0], samplesPerSecond: 4100 });
    expect(bf16.value).toBeCloseTo(0.9065, 12);
    expect(bf16.baseline).toBeCloseTo(0.907, 12);
    expect(bf16.gap).toBeCloseTo(-0.0005, 12);
    expect(bf16.gaps.map((gap) => Math.round(gap * 1e4))).toEqual([-10, -5, 0]);
    expect(bf16.seedSpread).toBeCloseTo(0.002, 12);
    // Two diverged runs count as chance: (0.1 + 0.71 + 0.1) / 3.
    expect(fp16.value).toBeCloseTo(0.91 / 3, 12);
    expect(fp16).toMatchObject({ diverged: 2, notLearning: 0, seeds: [0, 1, 2] });
  });

  it("gives the same rows whatever the order of the runs", () => {
    const results = syntheticResults();
    expect(summarise(spec, [...results].reverse())).toEqual(summarise(spec, results));
  });

  it("pairs only seeds that both have, and lists what is missing", () => {
    const results = syntheticResults().map((run) =>
      run.recipe === "bf16" && run.seed === 1 ? { ...run, status: "interrupted" as const } : run,
    );
    const { rows, missing } = summarise(spec, results);
    expect(missing).toEqual([{ setting: "main", recipe: "bf16", seed: 1 }]);
    expect(rows[1].seeds).toEqual([0, 2]);
    expect(rows[1].baseline).toBeCloseTo(0.907, 12);
    expect(rows[1].gap).toBeCloseTo(-0.0005, 12);
  });

  it("has no row for a recipe without a pair", () => {
    const withoutBaseline = syntheticResults().filter((run) => run.recipe !== "fp32");
    expect(summarise(spec, withoutBaseline)).toMatchObject({ rows: [], missing: { length: 3 } });
  });

  it("measures each setting from its own baseline", () => {
    const two = syntheticSpec({
      seeds: [0],
      recipes: ["fp32", "bf16"],
      settings: [
        { id: "a", title: "A" },
        { id: "b", title: "B", expected: { bf16: "worse" } },
      ],
    });
    const runs = [
      { setting: "a", recipe: "fp32", accuracy: 0.9 },
      { setting: "a", recipe: "bf16", accuracy: 0.9 },
      { setting: "b", recipe: "fp32", accuracy: 0.8 },
      { setting: "b", recipe: "bf16", accuracy: 0.78 },
    ].map((run) => syntheticRun({ ...run, seed: 0 }));
    const { rows } = summarise(two, runs);
    expect(rows.map((row) => [row.setting, row.recipe, row.verdict, row.expected])).toEqual([
      ["a", "fp32", "equivalent", null],
      ["a", "bf16", "not shown", null],
      ["b", "fp32", "equivalent", null],
      ["b", "bf16", "not shown", "worse"],
    ]);
    expect(rows[3]).toMatchObject({ seedSpread: null, rule: "one-seed", prediction: "open" });
  });

  it("says so when the baseline itself failed", () => {
    const results = syntheticResults().map((run) =>
      run.recipe === "fp32" ? { ...run, status: "diverged" as const } : run,
    );
    expect(summarise(spec, results).rows.map((row) => row.verdict)).toEqual([
      "not shown",
      "not shown",
      "not shown",
    ]);
  });

  it("marks controls, and counts which predictions came true", () => {
    const controlled = syntheticSpec({
      recipes: ["fp32", "reordered", "bf16", "fp16-unscaled"],
      variants: { reordered: { recipe: "fp32", batchOrder: "reversed" } },
      expected: { reordered: "equivalent", bf16: "better", "fp16-unscaled": "worse" },
    });
    const noisy = [0, 1, 2].map((seed) =>
      syntheticRun({ setting: "main", recipe: "reordered", seed, accuracy: 0.9 + 0.02 * (seed - 1) }),
    );
    const { rows } = summarise(controlled, [...syntheticResults(), ...noisy]);
    expect(rows.map(({ control }) => control)).toEqual([false, true, false, false]);
    expect(checkPredictions(rows)).toEqual({
      met: 1,
      open: 1,
      contradicted: 1,
      differences: [
        {
          setting: "main",
          recipe: "reordered",
          expected: "equivalent",
          verdict: "not shown",
          prediction: "open",
        },
        {
          setting: "main",
          recipe: "bf16",
          expected: "better",
          verdict: "equivalent",
          prediction: "contradicted",
        },
      ],
    });
  });

  it("calls worse and better only what is so against the control too", () => {
    const controlled = syntheticSpec({
      recipes: ["fp32", "reordered", "bf16", "fp8"],
      variants: { reordered: { recipe: "fp32", batchOrder: "reversed" } },
    });
    // The baseline was unlucky: everything else is better by two points, but for fp8, which is far worse.
    const shift = { fp32: 0, reordered: 0.02, bf16: 0.021, fp8: -0.1 };
    const runs = Object.entries(shift).flatMap(([recipe, gap]) =>
      [0, 1, 2].map((seed) =>
        syntheticRun({
          setting: "main",
          recipe,
          seed,
          accuracy: 0.8 + gap + 0.001 * seed * (gap === 0 ? 1 : 2),
        }),
      ),
    );
    expect(
      summarise(controlled, runs).rows.map(({ recipe, verdict, rule }) => [recipe, verdict, rule]),
    ).toEqual([
      ["fp32", "equivalent", "baseline"],
      ["reordered", "not shown", "chance"],
      ["bf16", "not shown", "chance"],
      ["fp8", "worse", "below-zero"],
    ]);
  });

  it("refuses two results for one run", () => {
    const results = syntheticResults();
    expect(() => summarise(spec, [...results, results[0]])).toThrow(
      /two results for setting main.*fp32, seed 0/,
    );
  });
});
