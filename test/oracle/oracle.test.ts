/** The oracle itself, on cases worked out by hand. */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../../src/formats/catalog.ts";
import type { Overflow, Rounding } from "../../src/formats/format.ts";
import { takesUpper } from "./decide.ts";
import {
  bitLength,
  exactOfPattern,
  INFINITY_PATTERN,
  ONE,
  patternBelow,
  patternOfExact,
  patternOfValue,
  valueOfPattern,
} from "./exact.ts";
import { ladderOf } from "./ladder.ts";
import { expandRuns, runAt, runsOf } from "./runs.ts";

const real = (exact: bigint): number => Number(exact) / 2 ** 149;

describe("exact numbers", () => {
  it("count in 2^-149", () => {
    expect(exactOfPattern(1)).toBe(1n);
    expect(exactOfPattern(0x007fffff)).toBe(2n ** 23n - 1n);
    expect(exactOfPattern(0x00800000)).toBe(2n ** 23n);
    expect(exactOfPattern(0x3f800000)).toBe(ONE);
    expect(exactOfPattern(0x3fc00000)).toBe((3n * ONE) / 2n);
    expect(exactOfPattern(INFINITY_PATTERN)).toBe(ONE << 128n);
  });

  it("go back to their patterns, and refuse what is no FP32 value", () => {
    for (const pattern of [0, 1, 0x7fffff, 0x800000, 0x3f800001, 0x7f7fffff, INFINITY_PATTERN]) {
      expect(patternOfExact(exactOfPattern(pattern))).toBe(pattern);
      expect(patternBelow(exactOfPattern(pattern))).toBe(pattern);
      expect(patternBelow(exactOfPattern(pattern + 1) - 1n)).toBe(pattern);
    }
    expect(() => patternOfExact((1n << 24n) + 1n)).toThrow(/not an FP32 value/);
    expect(() => patternOfExact(ONE << 129n)).toThrow(/not an FP32 value/);
    expect(() => patternOfValue(0.1)).toThrow(/not an FP32 value/);
  });

  it("agree with the patterns of values", () => {
    for (const value of [0, -0, 1, -1.5, 2 ** -149, 448, Infinity]) {
      expect(Object.is(valueOfPattern(patternOfValue(value)), value)).toBe(true);
    }
    expect([0n, 1n, 2n, 255n, 256n].map(bitLength)).toEqual([0, 1, 2, 8, 9]);
  });
});

describe("the ladder", () => {
  it("of E4M3 has 127 rungs: 8 from zero up, 14 binades of 8, and 7 in the top one", () => {
    const { magnitudes, beyond } = ladderOf(floatFormat("e4m3"));
    expect(magnitudes).toHaveLength(8 + 14 * 8 + 7);
    expect(magnitudes.slice(0, 3).map(real)).toEqual([0, 2 ** -9, 2 ** -8]);
    expect(real(magnitudes[126])).toBe(448);
    expect(real(beyond)).toBe(480);
  });

  it("of BF16 ends one step below 2^128", () => {
    const { magnitudes, beyond } = ladderOf(floatFormat("bf16"));
    expect(magnitudes).toHaveLength(255 * 128);
    expect(beyond).toBe(ONE << 128n);
  });

  it("refuses a record whose maxFinite is not a value of the format", () => {
    const format = floatFormat("e4m3");
    expect(() => ladderOf({ ...format, maxFinite: 450 })).toThrow(/not one of its values/);
    expect(() => ladderOf({ ...format, maxFinite: 512 })).toThrow(/not one of its values/);
    expect(() => ladderOf({ ...format, exponentBits: 8, bias: 150 })).toThrow(/finer than FP32/);
  });
});

describe("the choice between neighbours", () => {
  const between = { lower: 16n, upper: 24n };
  const first = (mode: Rounding, negative = false, more: object = {}) =>
    [17n, 18n, 19n, 20n, 21n, 22n, 23n].find((x) => takesUpper(x, between, negative, { mode, ...more }));

  it("follows each mode's rule; 16 is 2 · 8, even, and 24 is 3 · 8, odd", () => {
    expect(first("nearestEven")).toBe(21n);
    expect(first("nearestAway")).toBe(20n);
    expect(first("towardZero")).toBeUndefined();
    expect([first("towardPositive"), first("towardPositive", true)]).toEqual([17n, undefined]);
    expect([first("towardNegative"), first("towardNegative", true)]).toEqual([undefined, 17n]);
    expect(first("toOdd")).toBe(17n);
    expect(takesUpper(28n, { lower: 24n, upper: 32n }, false, { mode: "nearestEven" })).toBe(true);
    expect(takesUpper(25n, { lower: 24n, upper: 32n }, false, { mode: "toOdd" })).toBe(false);
  });

  it("rounds stochastically by the word: 19 is 3/8 of the way", () => {
    const up = (word: number, randomBits?: number) =>
      takesUpper(19n, between, false, { mode: "stochastic", word, randomBits });
    expect([up(0x9fffffff), up(0xa0000000)]).toEqual([false, true]);
    // Three bits hold 3/8 exactly: up for R ≥ 5.
    expect([up(0x9fffffff, 3), up(0xa0000000, 3)]).toEqual([false, true]);
    // Two bits: 1.5 of 4, a tie, goes to 2: up for R ≥ 2. One bit: 0.75 of 2 goes to 1: up for R = 1.
    expect([up(0x7fffffff, 2), up(0x80000000, 2)]).toEqual([false, true]);
    expect([up(0x7fffffff, 1), up(0x80000000, 1)]).toEqual([false, true]);
    expect(() => takesUpper(19n, between, false, { mode: "stochastic" })).toThrow(/needs a word/);
  });
});

describe("runs", () => {
  const at = (x: number, name: string, mode: Rounding, overflow: Overflow): number => {
    const runs = runsOf({ format: floatFormat(name), rule: { mode }, overflow });
    return valueOfPattern(runs.results[runAt(runs, patternOfValue(x))]);
  };

  it("of E4M3, nearestEven: known ties and thresholds", () => {
    const e4m3 = (x: number) => at(x, "e4m3", "nearestEven", "infinity");
    expect([17, 19, 2 ** -10, 1.5 * 2 ** -10, 464].map(e4m3)).toEqual([16, 20, 0, 2 ** -9, 448]);
    expect(e4m3(464 + 2 ** -15)).toBeNaN();
    expect(e4m3(NaN)).toBeNaN();
    expect(Object.is(e4m3(-0), -0)).toBe(true);
    expect(Object.is(e4m3(-(2 ** -140)), -0)).toBe(true);
  });

  it("settle overflow by the rule, after rounding, for both signs and Infinity", () => {
    expect([-65504, -65519.96875, -65520].map((x) => at(x, "fp16", "nearestEven", "infinity"))).toEqual([
      -65504,
      -65504,
      -Infinity,
    ]);
    expect([65535, 65536, Infinity].map((x) => at(x, "fp16", "towardZero", "infinity"))).toEqual([
      65504,
      Infinity,
      Infinity,
    ]);
    expect([-1e9, -Infinity].map((x) => at(x, "e5m2", "towardPositive", "saturate"))).toEqual([
      -57344, -57344,
    ]);
    expect(at(Infinity, "bf16", "nearestEven", "nan")).toBeNaN();
  });

  it("of directed modes part at the values themselves", () => {
    const tiny = 2 ** -149;
    expect([tiny, -tiny].map((x) => at(x, "e5m2", "towardPositive", "saturate"))).toEqual([2 ** -16, -0]);
    expect([tiny, -tiny].map((x) => at(x, "e5m2", "towardNegative", "saturate"))).toEqual([0, -(2 ** -16)]);
    expect([1 + 2 ** -23, 1.25, 1.75].map((x) => at(x, "e5m2", "toOdd", "saturate"))).toEqual([
      1.25, 1.25, 1.75,
    ]);
  });

  it("give plain zeros to formats without −0", () => {
    const format = { ...floatFormat("e4m3"), hasNegativeZero: false };
    const runs = runsOf({ format, rule: { mode: "nearestEven" }, overflow: "nan" });
    expect(runs.results[runAt(runs, patternOfValue(-0))]).toBe(0);
    expect(runs.results[runAt(runs, patternOfValue(-(2 ** -20)))]).toBe(0);
  });

  it("expand to any window, across run ends", () => {
    const runs = runsOf({ format: floatFormat("e4m3"), rule: { mode: "nearestEven" }, overflow: "saturate" });
    const window = new Uint32Array(7);
    const tie = patternOfValue(17);
    expandRuns(runs, tie - 3, window);
    expect([...window].map(valueOfPattern)).toEqual([16, 16, 16, 16, 18, 18, 18]);
    expandRuns(runs, 2 ** 32 - 7, window);
    expect(window.every((pattern) => pattern === 0xffc00000)).toBe(true);
    expandRuns(runs, INFINITY_PATTERN - 3, window);
    expect([...window].map(valueOfPattern)).toEqual([448, 448, 448, 448, NaN, NaN, NaN]);
  });
});
