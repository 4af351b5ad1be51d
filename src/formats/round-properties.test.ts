/** What must hold for any number: idempotence, order, symmetry, spacing; and the law of stochastic rounding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "./catalog.ts";
import { allValues, decode, encode } from "./codes.ts";
import { customFloat, SPECIALS } from "./custom-float.ts";
import type { FloatFormat, Rounding } from "./format.ts";
import { OVERFLOWS, ROUNDINGS } from "./format.ts";
import { roundToFormat } from "./round.ts";

const signed = FORMATS.filter((entry): entry is FloatFormat => entry.kind === "float" && entry.hasSign);
/** Any widths, bias and special values that FP32 can hold. */
const anyCustom = fc
  .record({
    exponentBits: fc.integer({ min: 2, max: 7 }),
    precision: fc.integer({ min: 2, max: 9 }),
    bias: fc.integer({ min: 1, max: 60 }),
    specials: fc.constantFrom(...SPECIALS),
    hasNegativeZero: fc.boolean(),
    hasSubnormals: fc.boolean(),
  })
  .map(customFloat);
const anyFormat = fc.oneof(fc.constantFrom(...signed), anyCustom);
const anyMode = fc.constantFrom(...ROUNDINGS);
const anyOverflow = fc.constantFrom(...OVERFLOWS);
const anyWord = fc.nat(0xffffffff);
const anyDouble = fc.oneof(fc.double(), fc.float(), fc.double({ min: -1000, max: 1000 }));
const mirrored: Partial<Record<Rounding, Rounding>> = {
  towardPositive: "towardNegative",
  towardNegative: "towardPositive",
};

describe("rounding, for any double", () => {
  it("is idempotent", () => {
    fc.assert(
      fc.property(anyDouble, anyFormat, anyMode, anyOverflow, anyWord, (x, f, mode, overflow, word) => {
        const once = roundToFormat(x, f, mode, overflow, word);
        const again = roundToFormat(once, f, mode, overflow, ~word >>> 0);
        expect(again).toBe(once);
      }),
    );
  });

  it("is monotonic", () => {
    fc.assert(
      fc.property(anyDouble, anyDouble, anyFormat, anyMode, anyWord, (x, y, f, mode, word) => {
        fc.pre(x <= y);
        const [low, high] = [x, y].map((value) => roundToFormat(value, f, mode, "saturate", word));
        // Magnitudes round by one word, so the two signs move in opposite directions, each monotonically.
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });

  it("is symmetric in the sign", () => {
    fc.assert(
      fc.property(anyDouble, anyFormat, anyMode, anyOverflow, anyWord, (x, f, mode, overflow, word) => {
        const plus = roundToFormat(x, f, mode, overflow, word);
        const minus = roundToFormat(-x, f, mirrored[mode] ?? mode, overflow, word);
        expect(minus).toBe(plus === 0 && !f.hasNegativeZero ? 0 : -plus);
      }),
    );
  });

  it("moves by less than one spacing, and by at most half of it to the nearest", () => {
    fc.assert(
      fc.property(anyDouble, anyFormat, anyMode, anyWord, (x, f, mode, word) => {
        fc.pre(Math.abs(x) <= f.maxFinite);
        const down = roundToFormat(x, f, "towardNegative", "infinity");
        const up = roundToFormat(x, f, "towardPositive", "infinity");
        const y = roundToFormat(x, f, mode, "infinity", word);
        expect([down, up]).toContain(y);
        if (mode.startsWith("nearest")) expect(Math.abs(y - x)).toBeLessThanOrEqual((up - down) / 2);
      }),
    );
  });
});

describe("codes and rounding", () => {
  it("agree: a rounded value has a code, and the code has that value", () => {
    fc.assert(
      fc.property(anyDouble, anyFormat, anyMode, anyWord, (x, f, mode, word) => {
        fc.pre(f.bits <= 32 && (f.hasNaN || !Number.isNaN(x)));
        const y = roundToFormat(x, f, mode, "saturate", word);
        expect(decode(encode(y, f), f)).toBe(y);
      }),
    );
  });

  it("of any custom format agree with the table of all values", () => {
    fc.assert(
      fc.property(anyCustom, (f) => {
        const values = [...allValues({ ...f })];
        const positive = values.filter(
          ({ code, value }) => code < 2 ** (f.bits - 1) && Number.isFinite(value),
        );
        expect(positive.at(-1)?.value).toBe(f.maxFinite);
        for (const { code, value } of values) {
          if (!Number.isNaN(value)) expect(encode(value, f)).toBe(code);
          expect(roundToFormat(value, f, "nearestEven", "infinity")).toBe(value);
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** Equidistributed words: multiples of the golden ratio modulo 1. What Philox makes of a key is tested in random/. */
const weylWord = (index: number): number => Math.imul(index, 0x9e3779b9) >>> 0;

describe("stochastic rounding", () => {
  const draws = 20_000;

  it.each([
    ["e4m3", 1 + 1 / 64],
    ["e5m2", -1.1],
    ["e5m2", 2 ** -16 * 0.3],
    ["bf16", 1 + 2 ** -10],
    ["fp16", -0.1],
  ] as const)("to %s of %d has the right mean, within 4 sigma", (name, x) => {
    const f = floatFormat(name);
    const low = roundToFormat(x, f, "towardNegative", "saturate");
    const high = roundToFormat(x, f, "towardPositive", "saturate");
    let ups = 0;
    for (let element = 0; element < draws; element++) {
      const y = roundToFormat(x, f, "stochastic", "saturate", weylWord(element));
      expect(y === low || y === high).toBe(true);
      if (y === high) ups++;
    }
    const probability = (x - low) / (high - low);
    const sigma = Math.sqrt((probability * (1 - probability)) / draws);
    expect(Math.abs(ups / draws - probability)).toBeLessThan(4 * sigma);
  });

  it("never moves a value that the format holds", () => {
    for (const name of ["e4m3", "e5m2", "fp16"]) {
      const f = floatFormat(name);
      const moved = [...allValues(f)].filter(
        ({ value }) => !Object.is(roundToFormat(value, f, "stochastic", "infinity", 0xffffffff), value),
      );
      expect(moved).toEqual([]);
    }
  });

  it("rounds up for exactly floor(d * 2^32) of the 2^32 words", () => {
    const f = floatFormat("e4m3");
    const at = (fraction: number, word: number) =>
      roundToFormat(1 + fraction / 8, f, "stochastic", "nan", word);
    expect([at(0.25, 0xbfffffff), at(0.25, 0xc0000000)]).toEqual([1, 1.125]);
    expect([at(2 ** -32, 0xfffffffe), at(2 ** -32, 0xffffffff)]).toEqual([1, 1.125]);
    expect(at(2 ** -33, 0xffffffff)).toBe(1);
    expect([at(1 - 2 ** -32, 0), at(1 - 2 ** -32, 1)]).toEqual([1, 1.125]);
  });

  it("with r random bits rounds up for nearestEven(d * 2^r) of the 2^r words, so few bits are not biased", () => {
    const f = floatFormat("e4m3");
    for (const r of [1, 2, 3, 8]) {
      for (const fraction of [1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 0.3, 0.99, 2 ** -20]) {
        const ups = Array.from({ length: 2 ** r }, (_, word) => (word * 2 ** (32 - r)) >>> 0).filter(
          (word) => roundToFormat(1 + fraction / 8, f, "stochastic", "nan", word, r) > 1,
        ).length;
        const [floor, rest] = [Math.floor(fraction * 2 ** r), (fraction * 2 ** r) % 1];
        const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
        expect([r, fraction, ups]).toEqual([r, fraction, floor + (up ? 1 : 0)]);
      }
    }
  });

  it("reads the top bits of the word only", () => {
    const f = floatFormat("bf16");
    const at = (word: number) => roundToFormat(1 + 2 ** -8, f, "stochastic", "nan", word, 1);
    expect([at(0x7fffffff), at(0x80000000)]).toEqual([1, 1 + 2 ** -7]);
    for (const bits of [0, 33, 1.5])
      expect(() => roundToFormat(1.01, f, "stochastic", "nan", 1, bits)).toThrow(/from 1 to 32/);
  });

  it("may carry into overflow, which the overflow choice then settles", () => {
    const f = floatFormat("e4m3");
    const at = (word: number) => roundToFormat(470, f, "stochastic", "nan", word);
    expect([at(0), at(0xffffffff)]).toEqual([448, NaN]);
  });

  it("refuses to round without random bits", () => {
    expect(() => roundToFormat(1.01, floatFormat("bf16"), "stochastic", "saturate")).toThrow(
      /stochastic rounding was given no random bits/,
    );
  });
});
