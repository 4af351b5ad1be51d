/** Arrays: the same values as one by one, and statistics counted by hand. */
import { describe, expect, it } from "vitest";
import { floatFormat, format } from "./catalog.ts";
import type { FixedFormat } from "./format.ts";
import { roundToFormat } from "./round.ts";
import { roundArray, roundArrayDynamicFixed } from "./round-array.ts";

const e4m3 = floatFormat("e4m3");
const int16 = format("int16") as FixedFormat;

describe("roundArray", () => {
  it("counts what was lost at both ends", () => {
    const source = Float64Array.of(
      1,
      464,
      465,
      -1e9,
      Infinity,
      2 ** -10,
      3 * 2 ** -10,
      -(2 ** -7),
      0,
      2 ** -12,
      NaN,
    );
    const target = new Float64Array(source.length);
    const statistics = roundArray(source, target, e4m3, "nearestEven", "saturate");
    expect([...target]).toEqual([1, 448, 448, -448, 448, 0, 2 ** -8, -(2 ** -7), 0, 0, NaN]);
    expect(statistics).toMatchObject({
      elements: 11,
      saturated: 3,
      underflowed: 3,
      flushed: 2,
      nonFinite: 1,
      maxAbsError: 1e9 - 448,
    });
  });

  it("counts no saturation where overflow goes elsewhere, and keeps it out of the error", () => {
    const target = new Float32Array(3);
    const statistics = roundArray(Float32Array.of(1000, 1.0625, 2), target, e4m3, "nearestEven", "nan");
    expect([...target]).toEqual([NaN, 1, 2]);
    expect(statistics).toMatchObject({ saturated: 0, nonFinite: 1, maxAbsError: 0.0625 });
  });

  it("measures SQNR", () => {
    // Signal 1.125² + 4², noise 0.125²: 1.125 is between 1 and 1.25 in E5M2: the tie goes to 1.
    const source = Float32Array.of(1.125, 4);
    const { sqnrDb } = roundArray(source, source, floatFormat("e5m2"), "nearestEven", "saturate");
    expect([...source]).toEqual([1, 4]);
    expect(sqnrDb).toBeCloseTo(10 * Math.log10((1.125 ** 2 + 16) / 0.125 ** 2), 10);
  });

  it("has infinite SQNR and no error when nothing changes", () => {
    const zeros = new Float32Array(4);
    const statistics = roundArray(zeros, zeros, e4m3, "nearestEven", "saturate");
    expect(statistics).toMatchObject({ sqnrDb: Infinity, maxAbsError: 0, underflowed: 0, flushed: 0 });
  });

  it("hands element i its own word, also when it counts saturation", () => {
    const source = Float32Array.of(1.0625, 1.0625, 470, 470);
    const words = [0, 0xffffffff, 0, 0xffffffff];
    const target = new Float32Array(4);
    const randomAt = (element: number) => words[element];
    const statistics = roundArray(source, target, e4m3, "stochastic", "saturate", randomAt);
    expect([...target]).toEqual([1, 1.125, 448, 448]);
    expect(statistics.saturated).toBe(1);
    const expected = [...source].map((x, i) => roundToFormat(x, e4m3, "stochastic", "saturate", words[i]));
    expect([...target]).toEqual(expected);
  });

  it("refuses arrays of different lengths, and stochastic rounding without random words", () => {
    const one = Float32Array.of(1.01);
    expect(() => roundArray(one, new Float32Array(2), e4m3, "nearestEven", "nan")).toThrow(
      /differ in length/,
    );
    expect(() => roundArray(one, one, e4m3, "stochastic", "saturate")).toThrow(/no random bits/);
  });
});

describe("roundArrayDynamicFixed", () => {
  it("writes values, integers and the exponent", () => {
    const source = Float32Array.of(16384, 2.5, 0.25, -0.75, 0);
    const target = new Float32Array(5);
    const { exponent, integers, statistics } = roundArrayDynamicFixed(source, target, int16, "nearestEven");
    expect(exponent).toBe(0);
    expect([...integers]).toEqual([16384, 2, 0, -1, 0]);
    expect([...target]).toEqual([16384, 2, 0, -1, 0]);
    expect(statistics).toMatchObject({ saturated: 0, underflowed: 2, flushed: 1, maxAbsError: 0.5 });
  });

  it("counts as saturated what rounds beyond 32767, not what rounds to it", () => {
    const target = new Float64Array(3);
    const source = Float64Array.of(32767.25, 32767.75, -32767.5);
    const { statistics } = roundArrayDynamicFixed(source, target, int16, "nearestEven");
    expect([...target]).toEqual([32767, 32767, -32767]);
    expect(statistics).toMatchObject({ saturated: 2, maxAbsError: 0.75 });
  });

  it("gives NaN everywhere for a tensor with Infinity, and counts nothing as underflow", () => {
    const target = new Float32Array(2);
    const { statistics } = roundArrayDynamicFixed(Float32Array.of(1, Infinity), target, int16, "nearestEven");
    expect([...target]).toEqual([NaN, NaN]);
    expect(statistics).toMatchObject({
      nonFinite: 2,
      saturated: 0,
      underflowed: 0,
      flushed: 0,
      maxAbsError: 0,
    });
  });
});
