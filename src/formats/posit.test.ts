/** Posits: values of the 2022 standard's tables, every code, and rounding on the bits of the code. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { POSIT_FORMATS } from "./catalog/posits.ts";
import { allValues, decode, encode } from "./codes.ts";
import type { PositFormat } from "./format.ts";
import { ROUNDINGS } from "./format.ts";
import { roundToFormat } from "./round.ts";

const [posit16, posit8] = POSIT_FORMATS;
const round = (x: number, f: PositFormat = posit8) => roundToFormat(x, f, "nearestEven", "saturate");

/** A posit of one more bit: its odd codes are the midpoints of the standard's rounding. */
const wider = (f: PositFormat): PositFormat => ({ ...f, bits: f.bits + 1 });

describe.each(POSIT_FORMATS.map((f) => [f.name, f] as const))("%s", (_, f) => {
  const values = [...allValues(f)];
  const positive = values.slice(1, 2 ** (f.bits - 1)).map(({ value }) => value);

  it("has every code once, in the order of the values as signed integers", () => {
    expect(values).toHaveLength(2 ** f.bits);
    expect(positive.every((value, i) => i === 0 || value > positive[i - 1])).toBe(true);
    expect(values.filter(({ code, value }) => encode(value, f) !== code)).toEqual([]);
    const mirrored = positive.every((value, i) => decode(2 ** f.bits - 1 - i, f) === -value);
    expect(mirrored).toBe(true);
  });

  it("rounds at the codes that one more bit puts in between, ties to the even code", () => {
    const wrong: unknown[] = [];
    for (let code = 1; code < positive.length; code++) {
      const [low, high] = [positive[code - 1], positive[code]];
      const middle = decode(2 * code + 1, wider(f));
      const expected = [low, code % 2 === 0 ? low : high, high];
      const got = [middle * (1 - 2 ** -52), middle, middle * (1 + 2 ** -52)].map((x) => round(x, f));
      if (got.some((value, i) => value !== expected[i])) wrong.push({ code, got, expected });
      if (round(-middle, f) !== -expected[1]) wrong.push({ code, negative: true });
    }
    expect(wrong).toEqual([]);
  });

  it("never rounds to zero or to NaR, in any mode", () => {
    const [minpos, maxpos] = [positive[0], positive[positive.length - 1]];
    for (const mode of ROUNDINGS) {
      const at = (x: number) => roundToFormat(x, f, mode, "infinity", 0x12345678);
      expect([at(Number.MIN_VALUE), at(-Number.MIN_VALUE), at(minpos / 2)]).toEqual([
        minpos,
        -minpos,
        minpos,
      ]);
      expect([at(Number.MAX_VALUE), at(-Number.MAX_VALUE), at(2 * maxpos)]).toEqual([
        maxpos,
        -maxpos,
        maxpos,
      ]);
      expect([at(Infinity), at(-Infinity), at(NaN), at(0), at(-0)]).toEqual([NaN, NaN, NaN, 0, 0]);
    }
  });

  it("is idempotent and monotonic in every mode", () => {
    const anyDouble = fc.oneof(fc.double({ noNaN: true }), fc.double({ min: -20, max: 20, noNaN: true }));
    fc.assert(
      fc.property(
        anyDouble,
        anyDouble,
        fc.constantFrom(...ROUNDINGS),
        fc.nat(0xffffffff),
        (x, y, mode, word) => {
          fc.pre(Number.isFinite(x) && Number.isFinite(y) && x <= y);
          const at = (value: number) => roundToFormat(value, f, mode, "saturate", word);
          expect(at(at(x))).toBe(at(x));
          expect(at(x)).toBeLessThanOrEqual(at(y));
        },
      ),
    );
  });
});

describe("posit codes", () => {
  it("are those of the standard", () => {
    expect([0x40, 0x48, 0x38, 0x01, 0x7f, 0x80, 0xc0, 0xff].map((code) => decode(code, posit8))).toEqual([
      1,
      2,
      0.5,
      2 ** -24,
      2 ** 24,
      NaN,
      -1,
      -(2 ** -24),
    ]);
    expect(decode(0x7fff, posit16)).toBe(2 ** 56);
    // 0 10 00 10010010001 (0x4491) is 1 + 0x491 / 2^11, the posit16 nearest to pi / 2.
    expect(round(Math.PI / 2, posit16)).toBe(1 + 0x491 / 2 ** 11);
    expect(encode(1 + 0x491 / 2 ** 11, posit16)).toBe(0x4491);
  });

  it("refuse what is no value", () => {
    for (const value of [Infinity, -0, 1.0001, 2 ** 25, 2 ** -25])
      expect(() => encode(value, posit8)).toThrow(/posit8 cannot hold/);
    expect(encode(NaN, posit8)).toBe(0x80);
  });

  it("are cut by each mode: 2^21 lies a quarter of the code between 2^20 and 2^24", () => {
    // 2^20 is 0 1111110, 2^24 is 0 1111111: the exponent bits are cut off, 2^21 keeps 01 of them.
    const at = (x: number, mode: (typeof ROUNDINGS)[number], word?: number) =>
      roundToFormat(x, posit8, mode, "saturate", word);
    expect([2 ** 21, 2 ** 22, 2 ** 23].map((x) => at(x, "nearestEven"))).toEqual([2 ** 20, 2 ** 20, 2 ** 24]);
    expect([
      at(2 ** 22, "nearestAway"),
      at(2 ** 21, "towardPositive"),
      at(-(2 ** 21), "towardPositive"),
    ]).toEqual([2 ** 24, 2 ** 24, -(2 ** 20)]);
    expect([at(2 ** 23, "towardZero"), at(2 ** 21, "toOdd")]).toEqual([2 ** 20, 2 ** 24]);
    // 01 is a quarter: one word in four rounds up.
    expect([at(2 ** 21, "stochastic", 0xbfffffff), at(2 ** 21, "stochastic", 0xc0000000)]).toEqual([
      2 ** 20,
      2 ** 24,
    ]);
  });
});
