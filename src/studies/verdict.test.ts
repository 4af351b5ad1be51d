/** Checks that each rule applies exactly where its sentence says. */
import { describe, expect, it } from "vitest";
import type { Pair } from "./verdict.ts";
import { judge, outcomeOf, RULES } from "./verdict.ts";

const limits = { margin: 0.01, chance: 0.1 };

/** Pairs from values; NaN stands for a diverged run. */
function pairs(baseline: readonly number[], recipe: readonly number[]): readonly Pair[] {
  const outcome = (value: number, seed: number) =>
    outcomeOf({ seed, diverged: Number.isNaN(value), value }, limits);
  return baseline.map((value, seed) => ({
    baseline: outcome(value, seed),
    recipe: outcome(recipe[seed], seed),
  }));
}

describe("outcomeOf", () => {
  it("scores a diverged run at chance", () => {
    const diverged = { seed: 3, score: 0.1, failure: "diverged" };
    expect(outcomeOf({ seed: 3, diverged: true, value: 0.8 }, limits)).toEqual(diverged);
    expect(outcomeOf({ seed: 3, diverged: true, value: undefined }, limits)).toEqual(diverged);
    expect(outcomeOf({ seed: 3, diverged: false, value: Number.NaN }, limits)).toEqual(diverged);
  });

  it("wants more than five points above chance for learning", () => {
    expect(outcomeOf({ seed: 0, diverged: false, value: 0.15 }, limits).failure).toBe("notLearning");
    expect(outcomeOf({ seed: 0, diverged: false, value: 0.1501 }, limits).failure).toBe("none");
  });

  it("refuses a finished run without metric", () => {
    expect(() => outcomeOf({ seed: 7, diverged: false, value: undefined }, limits)).toThrow(
      /seed 7 has no final/,
    );
  });
});

describe("judge", () => {
  const base = [0.9, 0.91, 0.92];
  const cases: readonly (readonly [string, readonly number[], keyof typeof RULES])[] = [
    ["equal", [0.9, 0.91, 0.92], "inside-margin"],
    ["a little below, always by the same", [0.897, 0.907, 0.917], "inside-margin"],
    ["exactly on the margin, without spread", [0.89, 0.9, 0.91], "inside-margin"],
    ["just beyond the margin, without spread", [0.8899, 0.8999, 0.9099], "below-zero"],
    ["better than the margin", [0.92, 0.93, 0.94], "above-zero"],
    ["equal on average, but spread beyond the margin", [0.88, 0.91, 0.94], "too-wide"],
    ["below on average, but not surely so", [0.85, 0.91, 0.92], "too-wide"],
    ["one of three diverged", [0.9, 0.91, Number.NaN], "seeds-lost"],
    ["two of three diverged", [0.9, Number.NaN, Number.NaN], "diverged"],
    ["one diverged, one at chance", [0.9, Number.NaN, 0.11], "not-learning"],
    ["all at chance", [0.1, 0.1, 0.1], "not-learning"],
    ["far below but learning", [0.4, 0.41, 0.42], "below-zero"],
  ];

  it.each(cases)("%s", (_, recipe, rule) => {
    const judgement = judge(pairs(base, recipe), limits);
    expect(judgement.rule).toBe(rule);
    expect(judgement.verdict).toBe(RULES[rule].verdict);
  });

  it("does not judge by a baseline that failed, whatever the recipe did", () => {
    for (const recipe of [
      [0.9, 0.9],
      [0.1, 0.1],
      [Number.NaN, Number.NaN],
    ])
      expect(judge(pairs([0.1, 0.12], recipe), limits).verdict).toBe("not shown");
  });

  it("does not hold a lost seed against a recipe whose baseline lost one too", () => {
    expect(judge(pairs([0.9, 0.9, Number.NaN], [0.9, 0.9, Number.NaN]), limits).rule).toBe("inside-margin");
  });

  it("shows nothing with one seed", () => {
    expect(judge(pairs([0.9], [0.9]), limits)).toMatchObject({
      verdict: "not shown",
      rule: "one-seed",
      ci90: null,
      equivalenceP: null,
    });
  });

  it("calls equivalent what two one-sided tests at 5 % do, and nothing else", () => {
    for (const last of [0.915, 0.918, 0.92, 0.922, 0.925]) {
      const { verdict, equivalenceP } = judge(pairs(base, [0.9, 0.91, last]), limits);
      expect(verdict === "equivalent").toBe((equivalenceP ?? 1) < 0.05);
    }
  });

  it("gives no interval where seeds failed: their gaps are two clusters", () => {
    for (const recipe of [
      [0.9, 0.91, Number.NaN],
      [0.1, 0.1, 0.1],
    ])
      expect(judge(pairs(base, recipe), limits)).toMatchObject({
        verdict: "worse",
        ci90: null,
        equivalenceP: null,
      });
  });

  it("pairs by seed: a shift common to both does not widen the interval", () => {
    const { gap, ci90, equivalenceP } = judge(pairs([0.8, 0.85, 0.9], [0.799, 0.849, 0.899]), limits);
    expect(gap).toBeCloseTo(-0.001, 12);
    expect(ci90?.[0]).toBeCloseTo(-0.001, 12);
    expect(ci90?.[1]).toBeCloseTo(-0.001, 12);
    expect(equivalenceP).toBeLessThan(1e-6);
  });
});
