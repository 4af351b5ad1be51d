/** Checks Student's t against printed tables, against a closed form, and against numerical integration. */
import { describe, expect, it } from "vitest";
import { studentCdf, studentQuantile } from "./student-t.ts";

describe("student t", () => {
  // [freedom, t for 0.90, 0.95, 0.975, 0.995]: the usual printed table.
  const table: readonly (readonly number[])[] = [
    [1, 3.078, 6.314, 12.706, 63.657],
    [2, 1.886, 2.92, 4.303, 9.925],
    [3, 1.638, 2.353, 3.182, 5.841],
    [4, 1.533, 2.132, 2.776, 4.604],
    [5, 1.476, 2.015, 2.571, 4.032],
    [9, 1.383, 1.833, 2.262, 3.25],
    [10, 1.372, 1.812, 2.228, 3.169],
    [30, 1.31, 1.697, 2.042, 2.75],
    [120, 1.289, 1.658, 1.98, 2.617],
  ];

  it.each(table)("quantiles for %i degrees of freedom match the table", (freedom, ...expected) => {
    [0.9, 0.95, 0.975, 0.995].forEach((probability, i) => {
      expect(studentQuantile(probability, freedom)).toBeCloseTo(expected[i], 3);
    });
  });

  it("agrees with the closed form for 2 degrees of freedom", () => {
    for (const t of [-30, -2.5, -0.1, 0, 0.7, 1.5, 12]) {
      expect(studentCdf(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 14);
    }
  });

  it.each([1, 2, 3, 6, 7, 19])(
    "agrees with the integral of the density, %i degrees of freedom",
    (freedom) => {
      // Ratios to the density at 0 need no gamma function: integrate (1 + t²/ν)^(−(ν+1)/2) and normalise with t → tan.
      const density = (angle: number) => Math.cos(angle) ** (freedom - 1);
      const integral = (from: number, to: number) => {
        const n = 2000;
        const h = (to - from) / n;
        let sum = density(from) + density(to);
        for (let i = 1; i < n; i++) sum += (i % 2 === 1 ? 4 : 2) * density(from + i * h);
        return (sum * h) / 3;
      };
      const whole = 2 * integral(0, Math.PI / 2);
      for (const t of [0.3, 1, 2.7, 8]) {
        const expected = 0.5 + integral(0, Math.atan(t / Math.sqrt(freedom))) / whole;
        expect(studentCdf(t, freedom)).toBeCloseTo(expected, 10);
      }
    },
  );

  it("is symmetric, and its quantile is its inverse", () => {
    for (const freedom of [1, 2, 5, 8]) {
      for (const p of [0.001, 0.05, 0.3, 0.5, 0.8, 0.999]) {
        expect(studentCdf(studentQuantile(p, freedom), freedom)).toBeCloseTo(p, 12);
      }
      expect(studentCdf(-1.3, freedom) + studentCdf(1.3, freedom)).toBeCloseTo(1, 14);
      expect(studentCdf(Number.POSITIVE_INFINITY, freedom)).toBe(1);
      expect(studentCdf(Number.NEGATIVE_INFINITY, freedom)).toBe(0);
    }
  });

  it("refuses what has no distribution", () => {
    expect(() => studentCdf(1, 0)).toThrow(/degrees of freedom.*received 0/);
    expect(() => studentCdf(1, 1.5)).toThrow(/whole number/);
    expect(() => studentQuantile(1, 3)).toThrow(/out of range.*received 1/);
  });
});
