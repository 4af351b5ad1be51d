/** The oracle for formats with scales, on cases worked out by hand. */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../../src/formats/catalog.ts";
import type { FloatFormat, ScaleRule } from "../../src/formats/format.ts";
import type { ElementKind } from "./blocks.ts";
import { fixedBlock, mxBlock, mxInteger, symmetricGroup, twoLevelTensor } from "./blocks.ts";
import { patternOfValue, valueOfPattern } from "./exact.ts";
import { ceilLog2, compare, floorLog2, ofInteger, over, powerOf2, toFp32Pattern } from "./rational.ts";

const e4m3 = floatFormat("e4m3");
/** E2M1 by hand: 0, 0.5, 1, 1.5, 2, 3, 4, 6. */
const e2m1: FloatFormat = {
  ...e4m3,
  name: "e2m1",
  bits: 4,
  exponentBits: 2,
  precision: 2,
  bias: 1,
  maxFinite: 6,
  hasNaN: false,
};
const fp4: ElementKind = { kind: "float", format: e2m1 };
const nearestEven = () => ({ mode: "nearestEven" }) as const;
const patterns = (values: readonly number[]) => values.map(patternOfValue);
const values = (results: readonly number[]) => results.map(valueOfPattern);

describe("fractions", () => {
  it("have exact logarithms", () => {
    const third = over(ofInteger(1), ofInteger(3));
    expect([floorLog2(third), ceilLog2(third)]).toEqual([-2, -1]);
    expect([floorLog2(powerOf2(-7)), ceilLog2(powerOf2(-7))]).toEqual([-7, -7]);
    expect(compare(third, powerOf2(-1))).toBe(-1);
  });

  it("round to FP32 once, subnormals and Infinity included", () => {
    expect(valueOfPattern(toFp32Pattern(over(ofInteger(1), ofInteger(3))))).toBe(Math.fround(1 / 3));
    expect(toFp32Pattern(powerOf2(-150))).toBe(0);
    expect(toFp32Pattern(over(ofInteger(3), powerOf2(151)))).toBe(1);
    expect(valueOfPattern(toFp32Pattern(powerOf2(128)))).toBe(Infinity);
  });
});

describe("an MX block", () => {
  const exponents = (amax: number) =>
    (["floor", "ceil", "even", "roundUp", "nearest"] as const).map(
      (rule: ScaleRule) => mxBlock(patterns([amax]), fp4, rule, nearestEven).exponent,
    );

  it("gets the exponent that each rule asks for", () => {
    // E2M1: emax 2, largest 6, precision 2. 5 rounds to 4 (even), 7 to 8.
    expect(exponents(4)).toEqual([0, 0, 0, 0, 0]);
    expect(exponents(5)).toEqual([0, 1, 0, 0, 0]);
    expect(exponents(6)).toEqual([0, 1, 0, 0, 1]);
    expect(exponents(7)).toEqual([0, 1, 1, 1, 1]);
    expect(exponents(8 - 2 ** -21)).toEqual([0, 1, 1, 1, 1]);
    expect(exponents(2 ** -149)).toEqual([-127, -127, -127, -127, -127]);
  });

  it("saturates, keeps the sign of zero, and is NaN as a whole", () => {
    const block = mxBlock(patterns([7, -0.375, -0, 0.25]), fp4, "floor", nearestEven);
    expect(values(block.results)).toEqual([6, -0.5, -0, 0]);
    expect(mxBlock(patterns([0, -0]), fp4, "floor", nearestEven)).toEqual({
      exponent: -127,
      results: patterns([0, -0]),
    });
    const bad = mxBlock(patterns([1, Infinity]), fp4, "floor", nearestEven);
    expect([bad.exponent, ...values(bad.results)]).toEqual([undefined, NaN, NaN]);
  });

  it("of integers counts in 2^-6", () => {
    const block = mxBlock(
      patterns([2 - 2 ** -23, -1.25, 1 / 128, 3 / 128]),
      mxInteger(8),
      "floor",
      nearestEven,
    );
    expect(values(block.results)).toEqual([127 / 64, -1.25, 0, 1 / 32]);
  });
});

describe("shared exponents", () => {
  it("clamp an amax that rounds up to a power of two, unless the rule is ceil", () => {
    const x = patterns([2 - 2 ** -23, -0.5]);
    expect(fixedBlock(x, 4, "floor", nearestEven)).toEqual({ exponent: -2, results: patterns([1.75, -0.5]) });
    expect(fixedBlock(x, 4, "ceil", nearestEven)).toEqual({ exponent: -1, results: patterns([2, -0.5]) });
    expect(fixedBlock(patterns([0, -0]), 4, "floor", nearestEven)).toEqual({
      exponent: 0,
      results: patterns([0, 0]),
    });
  });
});

describe("a two-level tensor", () => {
  it("has the scales of NVFP4", () => {
    const blocks = [patterns([2688, 1]), patterns([6, -3])];
    const { tensorScale, blockScales, results } = twoLevelTensor(blocks, e2m1, e4m3, nearestEven);
    expect(valueOfPattern(tensorScale)).toBe(1);
    // 2688/6 = 448; 6/6 = 1. The 1 beside 2688 is far below half of the smallest step, 224.
    expect(values(blockScales)).toEqual([448, 1]);
    expect(results.map(values)).toEqual([
      [2688, 0],
      [6, -3],
    ]);
  });

  it("of zeros is zeros with their signs; with a NaN it is NaN", () => {
    const zeros = twoLevelTensor([patterns([0, -0])], e2m1, e4m3, nearestEven);
    expect(zeros).toEqual({ tensorScale: 0, blockScales: [0], results: [patterns([0, -0])] });
    const bad = twoLevelTensor([[patternOfValue(1)], [0x7fc00000]], e2m1, e4m3, nearestEven);
    expect(values([bad.tensorScale, ...bad.blockScales, ...bad.results.flat()])).toEqual(
      new Array(5).fill(NaN),
    );
  });
});

describe("integers under a real scale", () => {
  it("reach their ends exactly and have no −0", () => {
    const { scale, results } = symmetricGroup(patterns([254, -127, 1, -0.5, 3]), 8, nearestEven);
    expect(valueOfPattern(scale)).toBe(2);
    expect(values(results)).toEqual([254, -128, 0, 0, 4]);
    expect(symmetricGroup(patterns([0, -0]), 8, nearestEven)).toEqual({ scale: 0, results: [0, 0] });
  });
});
