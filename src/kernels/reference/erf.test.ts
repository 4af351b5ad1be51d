import { describe, expect, it } from "vitest";
import { erf, erfc, normalCdf, normalDensity } from "./erf.ts";

/** [x, erf(x), erfc(x)], Abramowitz & Stegun tables 7.1 and 7.3 continued to FP64 by the C library. */
const KNOWN = [
  [1e-10, 1.1283791670955126e-10, 0.999999999887162],
  [0.1, 0.1124629160182849, 0.8875370839817152],
  [0.49, 0.511668261188523, 0.4883317388114769],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497149, 0.15729920705028513],
  [2, 0.9953222650189527, 0.004677734981047266],
  [3.5, 0.9999992569016276, 7.430983723414128e-7],
  [5, 0.9999999999984626, 1.5374597944280351e-12],
  [6.2, 1, 1.816675617238127e-18],
  [6.4, 1, 1.4170803476684049e-19],
  [10, 1, 2.088487583762545e-45],
  [26, 1, 5.663192408856143e-296],
] as const;

describe("erf and erfc", () => {
  it.each(KNOWN)("at %d are the tabulated values to 2e-15", (x, erfValue, erfcValue) => {
    expect(Math.abs(erf(x) / erfValue - 1)).toBeLessThan(2e-15);
    expect(Math.abs(erfc(x) / erfcValue - 1)).toBeLessThan(2e-15);
    expect(erf(-x)).toBe(-erf(x));
    expect(Math.abs(erfc(-x) - (1 + erfValue))).toBeLessThan(4e-16 * 2);
  });

  it("meet without a step where the method changes", () => {
    for (const seam of [0.5, 2 * Math.PI]) {
      const below = erfc(seam * (1 - 2 ** -52));
      // The slope alone is 2x² · 2^−52, 1.8e-14 at the second seam.
      expect(Math.abs(below / erfc(seam) - 1)).toBeLessThan(2.5e-14);
    }
  });

  it("have the limits of the definition", () => {
    expect([erf(0), erf(Infinity), erf(-Infinity)]).toEqual([0, 1, -1]);
    expect([erfc(Infinity), erfc(-Infinity)]).toEqual([0, 2]);
    expect([erf(Number.NaN), erfc(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("the normal distribution", () => {
  it("has Φ(1.96) = 0.975 and is symmetric", () => {
    expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 14);
    expect(normalCdf(0)).toBe(0.5);
    expect(normalCdf(-3) + normalCdf(3)).toBeCloseTo(1, 15);
  });

  it("has φ as the slope of Φ", () => {
    for (const x of [-3, -0.7, 0, 0.4, 2.5]) {
      const slope = (normalCdf(x + 1e-5) - normalCdf(x - 1e-5)) / 2e-5;
      expect(normalDensity(x)).toBeCloseTo(slope, 9);
    }
  });
});
