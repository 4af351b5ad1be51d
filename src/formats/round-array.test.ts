/** Arrays: the same values as one by one, and statistics counted by hand. */
import { describe, expect, it } from "vitest";
import { floatFormat, format } from "./catalog.ts";
import { roundToFormat } from "./round.ts";
import { roundArray } from "./round-array.ts";

const e4m3 = floatFormat("e4m3");

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
    const statistics = roundArray(source, target, {
      format: e4m3,
      rounding: "nearestEven",
      overflow: "saturate",
    });
    expect([...target]).toEqual([1, 448, 448, -448, 448, 0, 2 ** -8, -(2 ** -7), 0, 0, NaN]);
    expect(statistics).toMatchObject({
      elements: 11,
      saturated: 3,
      underflowed: 3,
      flushed: 2,
      subnormal: 2,
      nonFinite: 1,
      maxAbsError: 1e9 - 448,
    });
  });

  it("counts no saturation where overflow goes elsewhere, and keeps it out of the error", () => {
    const target = new Float32Array(3);
    const statistics = roundArray(Float32Array.of(1000, 1.0625, 2), target, {
      format: e4m3,
      rounding: "nearestEven",
      overflow: "nan",
    });
    expect([...target]).toEqual([NaN, 1, 2]);
    expect(statistics).toMatchObject({ saturated: 0, nonFinite: 1, maxAbsError: 0.0625 });
  });

  it("counts what a posit clamps at both ends, and what becomes NaR", () => {
    const posit8 = format("posit8");
    if (posit8.kind !== "posit") throw new Error("posit8 is a posit");
    const source = Float64Array.of(1e30, -1e30, 2 ** 24, 1e-30, -(2 ** -24), 0, Infinity, NaN);
    const target = new Float64Array(source.length);
    const options = { format: posit8, rounding: "towardZero", overflow: "nan" } as const;
    const statistics = roundArray(source, target, options);
    expect([...target]).toEqual([2 ** 24, -(2 ** 24), 2 ** 24, 2 ** -24, -(2 ** -24), 0, NaN, NaN]);
    expect(statistics).toMatchObject({
      saturated: 2,
      underflowed: 1,
      flushed: 0,
      subnormal: 0,
      nonFinite: 2,
    });
  });

  it("takes numbers below zero for NaN, not for saturation, where there is no sign", () => {
    const target = new Float32Array(4);
    const options = { format: floatFormat("e8m0"), rounding: "nearestEven", overflow: "saturate" } as const;
    const statistics = roundArray(Float32Array.of(-Infinity, -1, 0, 2 ** -149), target, options);
    expect([...target]).toEqual([NaN, NaN, 2 ** -127, 2 ** -127]);
    expect(statistics).toMatchObject({ saturated: 0, nonFinite: 2, underflowed: 1, flushed: 0 });
  });

  it("measures SQNR", () => {
    // Signal 1.125² + 4², noise 0.125²: 1.125 is between 1 and 1.25 in E5M2: the tie goes to 1.
    const source = Float32Array.of(1.125, 4);
    const { sqnrDb } = roundArray(source, source, {
      format: floatFormat("e5m2"),
      rounding: "nearestEven",
      overflow: "saturate",
    });
    expect([...source]).toEqual([1, 4]);
    expect(sqnrDb).toBeCloseTo(10 * Math.log10((1.125 ** 2 + 16) / 0.125 ** 2), 10);
  });

  it("has infinite SQNR and no error when nothing changes", () => {
    const zeros = new Float32Array(4);
    const statistics = roundArray(zeros, zeros, {
      format: e4m3,
      rounding: "nearestEven",
      overflow: "saturate",
    });
    expect(statistics).toMatchObject({ sqnrDb: Infinity, maxAbsError: 0, underflowed: 0, flushed: 0 });
  });

  it("hands element i its own word, also when it counts saturation", () => {
    const source = Float32Array.of(1.0625, 1.0625, 470, 470);
    const words = [0, 0xffffffff, 0, 0xffffffff];
    const target = new Float32Array(4);
    const randomAt = (element: number) => words[element];
    const statistics = roundArray(source, target, {
      format: e4m3,
      rounding: "stochastic",
      overflow: "saturate",
      randomAt,
    });
    expect([...target]).toEqual([1, 1.125, 448, 448]);
    expect(statistics.saturated).toBe(1);
    const expected = [...source].map((x, i) => roundToFormat(x, e4m3, "stochastic", "saturate", words[i]));
    expect([...target]).toEqual(expected);
  });

  it("refuses arrays of different lengths, and stochastic rounding without random words", () => {
    const one = Float32Array.of(1.01);
    expect(() =>
      roundArray(one, new Float32Array(2), { format: e4m3, rounding: "nearestEven", overflow: "nan" }),
    ).toThrow(/differ in length/);
    expect(() =>
      roundArray(one, one, { format: e4m3, rounding: "stochastic", overflow: "saturate" }),
    ).toThrow(/no random bits/);
  });
});
