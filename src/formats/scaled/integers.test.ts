/** Integers under real scales: symmetric and affine, per tensor and per axis, and the claim that one FP64 division is exact. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integerFormat } from "../catalog/integers.ts";
import type { Rounding, Scaling } from "../format.ts";
import { ROUNDINGS } from "../format.ts";
import { compare, product, rational } from "./exact-quotient.fixture.ts";
import { dequantize, quantize } from "./quantize.ts";

const run = (bits: number, values: readonly number[], scaling: Scaling, rest = {}) => {
  const { codes, scales, zeroPoints, ...others } = quantize(Float32Array.from(values), integerFormat(bits), {
    scaling,
    ...rest,
  });
  return {
    ...others,
    codes: [...codes],
    scales: [...scales],
    zeroPoints: zeroPoints && [...zeroPoints],
    values: [...others.values],
  };
};

describe("symmetric integers", () => {
  it("have amax at the largest integer", () => {
    const { codes, scales, values, zeroPoints } = run(8, [127, -127, 63.5, -0.5, 0, -0], {
      rule: "symmetric",
    });
    expect([scales, zeroPoints]).toEqual([[1], undefined]);
    expect(codes).toEqual([127, -127, 64, 0, 0, 0]);
    expect(values).toEqual([127, -127, 64, 0, 0, 0]);
    expect(run(4, [3.5, -1.25], { rule: "symmetric" })).toMatchObject({ scales: [0.5], codes: [7, -2] });
  });

  it("have one scale for each index of an axis", () => {
    const values = [7, 3.5, 70, 35];
    const rows = run(4, values, { rule: "symmetric", axis: 0 }, { shape: [2, 2] });
    expect([rows.scales, rows.codes]).toEqual([
      [1, 10],
      [7, 4, 7, 4],
    ]);
    const columns = run(4, values, { rule: "symmetric", axis: -1 }, { shape: [2, 2] });
    expect([columns.scales, columns.codes]).toEqual([
      [10, 5],
      [1, 1, 7, 7],
    ]);
    const exponents = run(4, values, { rule: "powerOfTwo", axis: 0 }, { shape: [2, 2] });
    expect([exponents.scales, exponents.codes]).toEqual([
      [0, 4],
      [7, 4, 4, 2],
    ]);
  });

  it("are NaN in a slice that is not a number, and zero in one of zeros", () => {
    const slices = run(8, [1, NaN, 0, -0, 2, Infinity], { rule: "symmetric", axis: 0 }, { shape: [3, 2] });
    expect(slices).toMatchObject({ scales: [NaN, 0, NaN], values: [NaN, NaN, 0, 0, NaN, NaN] });
    expect(slices.statistics).toMatchObject({ nonFinite: 4, saturated: 0 });
  });
});

describe("affine integers", () => {
  it("spread their codes from the minimum to the maximum, with a code for 0", () => {
    const { codes, scales, zeroPoints, values } = run(8, [-51, 204, 0, 0.4, -0], { rule: "affine" });
    expect([scales, zeroPoints]).toEqual([[1], [51]]);
    expect(codes).toEqual([0, 255, 51, 51, 51]);
    expect(values).toEqual([-51, 204, 0, 0, 0]);
  });

  it("widen the range to hold 0", () => {
    expect(run(4, [15, 30], { rule: "affine" })).toMatchObject({
      scales: [2],
      zeroPoints: [0],
      codes: [8, 15],
    });
    expect(run(4, [-15, -30], { rule: "affine" })).toMatchObject({
      scales: [2],
      zeroPoints: [15],
      codes: [7, 0],
    });
    expect(run(4, [0, 0], { rule: "affine" })).toMatchObject({
      scales: [0],
      zeroPoints: [0],
      values: [0, 0],
    });
  });

  it("clamp what a rounded zero point pushes over the end", () => {
    // scale 1, zero point 7.5 → 8: the maximum would be code 16 after rounding 7.5 to 8.
    const { codes, zeroPoints, statistics } = run(4, [-7.5, 7.5], { rule: "affine" });
    expect([zeroPoints, codes, statistics.saturated]).toEqual([[8], [0, 15], 1]);
  });

  it("round the real number, not the code: towards zero is towards the zero point", () => {
    const at = (rounding: Rounding) => run(4, [-7, 8, -1.5, 1.5], { rule: "affine" }, { rounding }).values;
    expect(at("towardZero").slice(2)).toEqual([-1, 1]);
    expect(at("towardPositive").slice(2)).toEqual([-1, 2]);
    expect(at("towardNegative").slice(2)).toEqual([-2, 1]);
  });

  it("are read back with their zero points, slice by slice", () => {
    const values = Float32Array.of(-1, 2, 0, 10, 20, 0);
    const options = { shape: [2, 3], scaling: { rule: "affine", axis: 0 } } as const;
    const quantized = quantize(values, integerFormat(8), options);
    expect([...(quantized.zeroPoints ?? [])]).toEqual([85, 0]);
    expect([...dequantize(quantized)]).toEqual([...quantized.values]);
    expect(quantized.values[2]).toBe(0);
  });
});

describe("one FP64 division", () => {
  /** Where x lies against t · scale, exactly. */
  const side = (x: number, t: number, scale: number) =>
    compare(rational(x), product(rational(t), rational(scale)));

  it("decides like the exact quotient of FP32 numbers, next to every bound of 24-bit integers", () => {
    const scale = fc.float({ min: Math.fround(2 ** -60), max: Math.fround(2 ** 60), noNaN: true });
    const halves = fc.integer({ min: 1, max: 2 ** 24 });
    fc.assert(
      fc.property(scale, halves, fc.integer({ min: -1, max: 1 }), (s, twice, ulps) => {
        // A bound is an integer or a half; x is the FP32 number next to bound · scale, or its neighbour.
        const bound = twice / 2;
        const nearest = Math.fround(bound * s);
        const bits = new Uint32Array(Float32Array.of(nearest).buffer);
        const x = new Float32Array(Uint32Array.of(bits[0] + ulps).buffer)[0];
        expect(Math.sign(x / s - bound)).toBe(side(x, bound, s));
      }),
      { numRuns: 2000 },
    );
  });

  it("so every mode rounds the exact quotient", () => {
    const tensor = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), {
      minLength: 2,
      maxLength: 12,
    });
    fc.assert(
      fc.property(tensor, fc.constantFrom(4, 8, 16), fc.constantFrom(...ROUNDINGS), (raw, bits, rounding) => {
        const randomAt = () => 0x80000000;
        const values = Float32Array.from(raw);
        const scaling = { rule: "symmetric" } as const;
        const { codes, scales } = quantize(values, integerFormat(bits), { scaling, rounding, randomAt });
        const largest = 2 ** (bits - 1) - 1;
        fc.pre(scales[0] > 0);
        values.forEach((x, i) => {
          const [q, s] = [Math.abs(codes[i]), scales[0]];
          const magnitude = Math.abs(x);
          const moved = side(magnitude, q, s);
          if (q < largest) expect(side(magnitude, q + 1, s)).toBeLessThan(0);
          if (q > 0) expect(side(magnitude, q - 1, s)).toBeGreaterThan(0);
          if (rounding === "towardZero") expect(moved).toBeGreaterThanOrEqual(0);
          if (rounding.startsWith("nearest") && q < largest) {
            expect(side(magnitude, q + 0.5, s)).toBeLessThanOrEqual(0);
            if (q > 0) expect(side(magnitude, q - 0.5, s)).toBeGreaterThanOrEqual(0);
          }
          if (rounding === "toOdd" && moved !== 0 && q < largest) expect(q % 2).toBe(1);
        });
      }),
    );
  });
});
