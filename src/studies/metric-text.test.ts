/** Checks signs, rounding at zero and the small words around numbers. */
import { describe, expect, it } from "vitest";
import { count, enumeration, grouped, percent, points, pointsInterval, pValue } from "./metric-text.ts";

describe("metric text", () => {
  it("writes metrics in percent and gaps in signed points", () => {
    expect(percent(0.912345)).toBe("91.23");
    expect(percent(1)).toBe("100.00");
    expect(points(-0.0042)).toBe("−0.42");
    expect(points(0.8)).toBe("+80.00");
    expect(pointsInterval([-0.0091, 0.0007])).toBe("[−0.91, +0.07]");
    expect(pointsInterval(null)).toBe("–");
  });

  it("gives what rounds to zero no sign", () => {
    expect([0, -0, 1e-9, -1e-9, -0.00004].map(points)).toEqual(["0.00", "0.00", "0.00", "0.00", "0.00"]);
  });

  it("writes p-values, counts and lists", () => {
    expect([null, 0.00012, 0.0499, 1].map(pValue)).toEqual(["–", "< 0.001", "0.050", "1.000"]);
    expect([0, 999, 1000, 1234567].map(grouped)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([count(1, "seed"), count(3, "seed")]).toEqual(["1 seed", "3 seeds"]);
    expect([["a"], ["a", "b"], ["a", "b", "c"]].map(enumeration)).toEqual(["a", "a and b", "a, b and c"]);
  });
});
