/** The rules of shared exponents: at powers of two, just below, at every bound, for subnormal maxima, clamped at the ends. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integerFormat } from "../catalog/integers.ts";
import { floatFormat } from "../catalog.ts";
import { EXPONENT_NOT_A_NUMBER } from "../dynamic-fixed-point.ts";
import type { FixedFormat, FloatFormat, ScaleRule } from "../format.ts";
import { SCALE_RULES } from "../format.ts";
import { blockExponent, mxExponent } from "./scale-rules.ts";

const e2m1 = floatFormat("e2m1");
const e4m3 = floatFormat("e4m3");
const int8 = integerFormat(8);
const elements: readonly (FloatFormat | FixedFormat)[] = [
  ...["e4m3", "e5m2", "e3m2", "e2m3", "e2m1"].map(floatFormat),
  int8,
];
const EMAX: Readonly<Record<string, number>> = { e4m3: 8, e5m2: 15, e3m2: 4, e2m3: 2, e2m1: 2, int8: 0 };
const LARGEST: Readonly<Record<string, number>> = {
  e4m3: 448,
  e5m2: 57344,
  e3m2: 28,
  e2m3: 7.5,
  e2m1: 6,
  int8: 127 / 64,
};
const ULP = 2 ** -23;

const exponents = (amax: number, element: FloatFormat | FixedFormat = e2m1) =>
  Object.fromEntries(SCALE_RULES.map((rule) => [rule, mxExponent(amax, element, rule)]));

describe("MX exponents", () => {
  it("of a power of two are the same by every rule", () => {
    for (const element of elements)
      for (const power of [-100, -1, 0, 7, 100]) {
        const exponent = power - EMAX[element.name];
        const all = { floor: exponent, ceil: exponent, even: exponent, roundUp: exponent, nearest: exponent };
        expect(exponents(2 ** power, element)).toEqual(all);
      }
  });

  it("just below and just above a power of two", () => {
    expect(exponents(4 * (1 - ULP / 2))).toEqual({ floor: -1, ceil: 0, even: 0, roundUp: 0, nearest: 0 });
    expect(exponents(4 * (1 + ULP))).toEqual({ floor: 0, ceil: 1, even: 0, roundUp: 0, nearest: 0 });
  });

  it("part where the largest element does: FP4 holds 6, not 6 and a bit", () => {
    expect(exponents(6)).toEqual({ floor: 0, ceil: 1, even: 0, roundUp: 0, nearest: 1 });
    expect(exponents(6 * (1 + ULP))).toEqual({ floor: 0, ceil: 1, even: 0, roundUp: 1, nearest: 1 });
    // 5.99…: less than half way to 8, so nearest stays.
    expect(exponents(6 * (1 - ULP))).toEqual({ floor: 0, ceil: 1, even: 0, roundUp: 0, nearest: 0 });
    // 7 lies in the middle of 6 and 8 at two significand bits, and goes to the even one.
    expect(exponents(7 * (1 - ULP))).toMatchObject({ even: 0 });
    expect(exponents(7)).toEqual({ floor: 0, ceil: 1, even: 1, roundUp: 1, nearest: 1 });
    expect(exponents(448, e4m3)).toMatchObject({ roundUp: 0, even: 0 });
    expect(exponents(449, e4m3)).toMatchObject({ floor: 0, roundUp: 1, even: 0 });
    expect(exponents(480, e4m3)).toMatchObject({ even: 0 });
    expect(exponents(496, e4m3)).toMatchObject({ even: 1 });
  });

  it("of integers count from 127/64", () => {
    expect(exponents(127 / 64, int8)).toMatchObject({ floor: 0, ceil: 1, even: 0, roundUp: 0 });
    expect(exponents(127.25 / 64, int8)).toMatchObject({ floor: 0, even: 0, roundUp: 1 });
    // 127.5 has eight significand bits, the tie of seven: to the even one, 128.
    expect(exponents(127.5 / 64, int8)).toMatchObject({ floor: 0, even: 1, roundUp: 1 });
  });

  it("of subnormal maxima come from the bits, and end at -127 and 127", () => {
    expect(exponents(3 * 2 ** -149)).toEqual({
      floor: -127,
      ceil: -127,
      even: -127,
      roundUp: -127,
      nearest: -127,
    });
    // 1.5 · 2^−127 is subnormal in FP32; mxint8 has emax 0.
    const subnormal = 1.5 * 2 ** -127;
    expect(exponents(subnormal, int8)).toEqual({
      floor: -127,
      ceil: -126,
      even: -127,
      roundUp: -127,
      nearest: -126,
    });
    const largest = (2 - ULP) * 2 ** 127;
    expect(exponents(largest, int8)).toEqual({
      floor: 127,
      ceil: 127,
      even: 127,
      roundUp: 127,
      nearest: 127,
    });
    expect(exponents(largest)).toEqual({ floor: 125, ceil: 126, even: 126, roundUp: 126, nearest: 126 });
    for (const rule of SCALE_RULES) expect(mxExponent(0, e4m3, rule)).toBe(-127);
  });

  it("agree with their inequalities, for any FP32 amax", () => {
    const amaxes = fc.float({ min: Math.fround(2 ** -100), max: Math.fround(2 ** 100), noNaN: true });
    fc.assert(
      fc.property(amaxes, fc.constantFrom(...elements), (amax, element) => {
        const emax = EMAX[element.name];
        const at = (rule: ScaleRule) => mxExponent(amax, element, rule);
        expect(2 ** (at("floor") + emax) <= amax && amax < 2 ** (at("floor") + emax + 1)).toBe(true);
        expect(2 ** (at("ceil") + emax - 1) < amax && amax <= 2 ** (at("ceil") + emax)).toBe(true);
        const largest = LARGEST[element.name];
        expect(largest * 2 ** (at("roundUp") - 1) < amax && amax <= largest * 2 ** at("roundUp")).toBe(true);
        for (const rule of ["even", "nearest", "roundUp"] as const)
          expect([at("floor"), at("floor") + 1]).toContain(at(rule));
      }),
    );
  });
});

describe("exponents of block floating point", () => {
  it("by floor give amax all the bits, by ceil one fewer unless it is a power of two", () => {
    expect([blockExponent(1, 8, "floor"), blockExponent(1, 8, "ceil")]).toEqual([-6, -6]);
    expect([blockExponent(1 + ULP, 8, "floor"), blockExponent(1 + ULP, 8, "ceil")]).toEqual([-6, -5]);
    expect([blockExponent(1 - ULP, 8, "floor"), blockExponent(1 - ULP, 8, "ceil")]).toEqual([-7, -6]);
    expect([blockExponent(3 * 2 ** -149, 4, "floor"), blockExponent(3 * 2 ** -149, 4, "ceil")]).toEqual([
      -150, -149,
    ]);
  });

  it("are 0 for zeros and the mark for what is not a number", () => {
    for (const rule of ["floor", "ceil"] as const) {
      expect(blockExponent(0, 8, rule)).toBe(0);
      expect([NaN, Infinity].map((amax) => blockExponent(amax, 8, rule))).toEqual([
        EXPONENT_NOT_A_NUMBER,
        EXPONENT_NOT_A_NUMBER,
      ]);
    }
  });

  it("have no other rule", () => {
    for (const rule of ["even", "roundUp", "nearest"] as const)
      expect(() => blockExponent(1, 8, rule)).toThrow(/does not apply to integers with a shared exponent/);
  });
});
