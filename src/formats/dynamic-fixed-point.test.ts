/** Dynamic fixed point: exponents at and around powers of two, the clamp, rounding modes, subnormal and broken tensors. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  amaxOf,
  dequantizeDynamicFixed,
  EXPONENT_NOT_A_NUMBER,
  largestInteger,
  quantizeDynamicFixed,
  sharedExponent,
} from "./dynamic-fixed-point.ts";
import type { Rounding } from "./format.ts";
import { ROUNDINGS } from "./format.ts";

function quantize(values: number[], rounding: Rounding = "nearestEven", bits = 16) {
  const { exponent, integers } = quantizeDynamicFixed(
    Float64Array.from(values),
    bits,
    rounding,
    () => 0x80000000,
  );
  return { exponent, integers: [...integers] };
}

describe("the shared exponent", () => {
  it("is exact at every power of two of FP32 and just below it", () => {
    for (let power = -149; power <= 127; power++) {
      const value = 2 ** power;
      expect(sharedExponent(value, 16)).toBe(power - 14);
      expect(sharedExponent(value * (1 - 2 ** -53), 16)).toBe(power - 15);
    }
  });

  it("follows the width", () => {
    expect([sharedExponent(1, 8), sharedExponent(1.99, 8), sharedExponent(2, 8)]).toEqual([-6, -6, -5]);
  });

  it("is 0 for an empty or all-zero tensor, and the mark for one that is not a number", () => {
    expect(quantize([])).toEqual({ exponent: 0, integers: [] });
    expect(quantize([0, -0])).toEqual({ exponent: 0, integers: [0, 0] });
    for (const bad of [NaN, Infinity, -Infinity]) {
      expect(quantize([1, bad, 2])).toEqual({ exponent: EXPONENT_NOT_A_NUMBER, integers: [0, 0, 0] });
    }
    expect(dequantizeDynamicFixed(0, EXPONENT_NOT_A_NUMBER)).toBe(NaN);
  });

  it("refuses widths that hold no number", () => {
    for (const bits of [1, 33, 8.5, NaN]) expect(() => sharedExponent(1, bits)).toThrow(/from 2 to 32/);
  });

  it("comes from an amax that no NaN can hide in", () => {
    expect(amaxOf(Float32Array.of(NaN, 1))).toBe(NaN);
    expect(amaxOf(Float32Array.of(1, NaN, 5))).toBe(NaN);
    expect(amaxOf(Float32Array.of(1, -Infinity, 5))).toBe(Infinity);
    expect(amaxOf(Float32Array.of(1, -7, 5))).toBe(7);
  });
});

describe("quantisation", () => {
  it("uses 2^14 for a power of two, and clamps what rounds up to 2^15: never -32768", () => {
    expect(quantize([1, -1, 0.5])).toEqual({ exponent: -14, integers: [16384, -16384, 8192] });
    const below = 1 - 2 ** -24;
    expect(quantize([below, -below])).toEqual({ exponent: -15, integers: [32767, -32767] });
    const clamped = quantizeDynamicFixed(Float32Array.of(below, -below, 0.25), 16, "nearestEven");
    expect(clamped.saturated).toBe(2);
    expect(quantize([255, -255.9], "nearestEven", 8)).toEqual({ exponent: 1, integers: [127, -127] });
  });

  it("rounds by each of the seven modes", () => {
    // amax 16384 makes the spacing 1: the integers are the rounded values.
    const values = [16384, 2.5, 3.5, -2.5, 2.25, -2.25, 2.75];
    const rounded = Object.fromEntries(
      ROUNDINGS.map((mode) => [mode, quantize(values, mode).integers.slice(1)]),
    );
    expect(rounded).toEqual({
      nearestEven: [2, 4, -2, 2, -2, 3],
      nearestAway: [3, 4, -3, 2, -2, 3],
      towardZero: [2, 3, -2, 2, -2, 2],
      towardPositive: [3, 4, -2, 3, -2, 3],
      towardNegative: [2, 3, -3, 2, -3, 2],
      toOdd: [3, 3, -3, 3, -3, 3],
      // The word is 2^31: up from a half on.
      stochastic: [3, 4, -3, 2, -2, 3],
    });
  });

  it("is exact for subnormal tensors, down to the smallest double", () => {
    expect(quantize([2 ** -149, 0])).toEqual({ exponent: -163, integers: [16384, 0] });
    expect(quantize([3 * 2 ** -149, 2 ** -149])).toEqual({ exponent: -162, integers: [24576, 8192] });
    expect(quantize([Number.MIN_VALUE])).toEqual({ exponent: -1088, integers: [16384] });
    expect(dequantizeDynamicFixed(16384, -1088)).toBe(Number.MIN_VALUE);
  });

  it("still sees a value that is 2000 binades below amax", () => {
    const values = [2 ** 1000, Number.MIN_VALUE, -Number.MIN_VALUE];
    expect(quantize(values, "towardPositive").integers).toEqual([16384, 1, 0]);
    expect(quantize(values, "nearestEven").integers).toEqual([16384, 0, 0]);
  });

  it("asks for random words by element, and only when it is stochastic", () => {
    const asked: number[] = [];
    const randomAt = (element: number) => {
      asked.push(element);
      return 0;
    };
    quantizeDynamicFixed(Float32Array.of(1, 2, 3), 16, "nearestEven", randomAt);
    expect(asked).toEqual([]);
    quantizeDynamicFixed(Float32Array.of(1, 2, 3), 16, "stochastic", randomAt);
    expect(asked).toEqual([0, 1, 2]);
  });

  it("stays in range, within half a spacing, and in FP32, for any FP32 tensor", () => {
    const tensor = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
    fc.assert(
      fc.property(tensor, fc.constantFrom(8, 16), (values, bits) => {
        const { exponent, integers } = quantizeDynamicFixed(Float32Array.from(values), bits, "nearestEven");
        const largest = largestInteger(bits);
        integers.forEach((integer, i) => {
          const value = dequantizeDynamicFixed(integer, exponent);
          const error = Math.abs(value - values[i]) / 2 ** exponent;
          expect(Math.abs(integer)).toBeLessThanOrEqual(largest);
          expect(error).toBeLessThanOrEqual(Math.abs(integer) === largest ? 1 : 0.5);
          expect(Math.fround(value)).toBe(value);
        });
      }),
    );
  });
});
