/** Checks the statistics against values worked out by hand and against each other. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { confidenceInterval, equivalenceP, mean, sampleDeviation } from "./statistics.ts";

describe("mean and sample deviation", () => {
  it("divide by n and by n − 1", () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    expect(sampleDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 14);
  });

  it("say what cannot be known", () => {
    expect(sampleDeviation([0.9])).toBeNull();
    expect(confidenceInterval([0.9], 0.9)).toBeNull();
    expect(equivalenceP([0.9], 0.1)).toBeNull();
    expect(() => mean([])).toThrow(/mean of no values/);
  });

  it("equal values have no spread, whatever their binary fraction", () => {
    expect(sampleDeviation([0.1, 0.1, 0.1])).toBe(0);
    expect(sampleDeviation([0.9123, 0.9123, 0.9123, 0.9123, 0.9123, 0.9123])).toBe(0);
  });
});

describe("confidence interval", () => {
  it("is mean ± t · s / √n", () => {
    // s = 0.01, n = 3, t(0.95, 2) = 2.919986
    const [low, high] = confidenceInterval([-0.01, 0, 0.01], 0.9) ?? [Number.NaN, Number.NaN];
    expect(high).toBeCloseTo((2.919986 * 0.01) / Math.sqrt(3), 7);
    expect(low).toBeCloseTo(-high, 14);
  });
});

describe("two one-sided tests", () => {
  it("matches a value worked out by hand", () => {
    // differences −0.002, 0, 0.002: s = 0.002, error = 0.0011547; t = 0.01 / error = 8.66025 with 2 degrees of
    // freedom, whose upper tail is ½ − t / (2 √(2 + t²)) = 0.0065367.
    expect(equivalenceP([-0.002, 0, 0.002], 0.01)).toBeCloseTo(0.0065367, 6);
  });

  // scipy 1.17.1: stats.t.interval(0.9, n − 1, mean, s/√n); max of the p-values of ttest_1samp(d, −m, "greater") and (d, m, "less").
  it.each([
    [
      [-0.0042, 0.0011, -0.0087, 0.0035, -0.0019],
      -0.00655206769884663,
      0.0024720676988466282,
      0.000528687022448973,
      0.009879614807578362,
    ],
    [
      [0.012, 0.018, 0.004],
      -0.0005077192514578305,
      0.02317438591812449,
      0.08302480558527028,
      0.6132277034144596,
    ],
    [
      [0.031, -0.022, 0.008, 0.015, -0.004, 0.019, 0.002],
      -0.005621771341782377,
      0.01962177134178237,
      0.04612293229726777,
      0.3302254823229636,
    ],
  ])("agrees with scipy on %j", (differences, low, high, pAt002, pAt001) => {
    const interval = confidenceInterval(differences, 0.9);
    expect(interval?.[0]).toBeCloseTo(low, 12);
    expect(interval?.[1]).toBeCloseTo(high, 12);
    expect(equivalenceP(differences, 0.02)).toBeCloseTo(pAt002, 12);
    expect(equivalenceP(differences, 0.01)).toBeCloseTo(pAt001, 12);
  });

  it("is one half when the mean gap sits on the margin, and decides at once without spread", () => {
    expect(equivalenceP([-0.02, -0.01, 0], 0.01)).toBeCloseTo(0.5, 12);
    expect(equivalenceP([0, 0, 0], 0.01)).toBe(0);
    expect(equivalenceP([-0.5, -0.5], 0.25)).toBe(1);
    expect(equivalenceP([-0.5, -0.5], 0.5)).toBe(0.5);
    expect(() => equivalenceP([0, 0], 0)).toThrow(/margin/);
  });

  it("is below 0.05 exactly when the 90 % interval lies inside the margin", () => {
    const differences = fc.array(fc.double({ min: -0.05, max: 0.05, noNaN: true }), {
      minLength: 2,
      maxLength: 8,
    });
    fc.assert(
      fc.property(differences, fc.double({ min: 0.005, max: 0.05, noNaN: true }), (values, margin) => {
        const interval = confidenceInterval(values, 0.9);
        const p = equivalenceP(values, margin);
        if (interval === null || p === null) throw new Error("two or more values always have an interval");
        fc.pre(Math.abs(p - 0.05) > 1e-6);
        expect(p < 0.05).toBe(interval[0] > -margin && interval[1] < margin);
      }),
    );
  });
});
