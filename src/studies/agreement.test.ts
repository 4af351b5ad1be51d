/** Checks when two runs of a study agree, for verdicts on accuracy and on trajectories. */
import { describe, expect, it } from "vitest";
import { syntheticRun, syntheticSpec } from "../../test/synthetic-study.ts";
import { agreementOf, compareResults, countAgreements } from "./agreement.ts";
import { VERDICTS } from "./spec.ts";

describe("agreementOf", () => {
  it("calls only worse against not worse a contradiction, in either direction", () => {
    const contradictions = VERDICTS.flatMap((verdict) =>
      VERDICTS.filter((other) => agreementOf(verdict, other) === "contradicts").map((other) => [
        verdict,
        other,
      ]),
    );
    expect(contradictions).toEqual([
      ["equivalent", "worse"],
      ["worse", "equivalent"],
      ["worse", "better"],
      ["better", "worse"],
    ]);
  });

  it("cannot tell where either was not shown, and agrees otherwise", () => {
    expect(VERDICTS.map((verdict) => agreementOf(verdict, "not shown"))).toEqual(
      VERDICTS.map(() => "cannot tell"),
    );
    expect(agreementOf("not shown", "worse")).toBe("cannot tell");
    expect(agreementOf("equivalent", "better")).toBe("agrees");
    expect(agreementOf("worse", "worse")).toBe("agrees");
  });
});

describe("compareResults", () => {
  const recipes = ["fp32", "bf16", "fp16", "fp8"];
  /** Two seeds; every recipe ends at its accuracy, a little more with the second seed. */
  const runs = (seeds: readonly [number, number], accuracies: Readonly<Record<string, number>>) => ({
    spec: syntheticSpec({ seeds, recipes, expected: {} }),
    results: Object.entries(accuracies).flatMap(([recipe, accuracy]) =>
      seeds.map((seed, i) => syntheticRun({ setting: "main", recipe, seed, accuracy: accuracy + 0.001 * i })),
    ),
  });
  const others = runs([1, 2], { fp32: 0.9, bf16: 0.9, fp16: 0.7, fp8: 0.9 });

  it("sets verdict beside verdict, whatever the seeds, without the baseline", () => {
    const rows = compareResults(runs([101, 102], { fp32: 0.8, bf16: 0.8, fp16: 0.6, fp8: 0.1 }), others);
    expect(rows.map((row) => [row.recipe, row.judged, row.verdict, row.other, row.agreement])).toEqual([
      ["bf16", "accuracy", "equivalent", "equivalent", "agrees"],
      ["fp16", "accuracy", "worse", "worse", "agrees"],
      ["fp8", "accuracy", "worse", "equivalent", "contradicts"],
    ]);
    expect(countAgreements(rows)).toEqual({ agrees: 2, "cannot tell": 0, contradicts: 1 });
  });

  it("leaves out what only one of them has, and refuses two that have nothing in common", () => {
    const rows = compareResults(runs([101, 102], { fp32: 0.8, fp16: 0.6 }), others);
    expect(rows.map(({ recipe }) => recipe)).toEqual(["fp16"]);
    expect(() => compareResults(runs([101, 102], { fp32: 0.8 }), others)).toThrow(/nothing to compare/);
  });

  it("compares trajectories too, by the distance from the baseline next to that of the control", () => {
    const variants = { reordered: { recipe: "fp32", batchOrder: "reversed" as const } };
    const trajectory = { control: "reordered", factor: 1.5 };
    const paths = (seeds: readonly [number, number], distance: number) => ({
      spec: syntheticSpec({
        seeds,
        variants,
        trajectory,
        recipes: ["fp32", "reordered", "bf16"],
        expected: {},
      }),
      results: seeds.flatMap((seed) =>
        Object.entries({ fp32: 0, reordered: 0.01, bf16: distance }).map(([recipe, loss]) => ({
          ...syntheticRun({ setting: "main", recipe, seed, accuracy: 0.9 }),
          steps: [1, 2].map((step) => ({ step, loss: 1 + loss })),
        })),
      ),
    });
    const found = compareResults(paths([1, 2], 0.01), paths([5, 6], 0.1));
    expect(found.map((row) => [row.recipe, row.judged, row.verdict, row.other, row.agreement])).toEqual([
      ["reordered", "accuracy", "equivalent", "equivalent", "agrees"],
      ["bf16", "accuracy", "equivalent", "equivalent", "agrees"],
      ["bf16", "trajectory", "equivalent", "worse", "contradicts"],
    ]);
  });
});
