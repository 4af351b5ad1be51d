/**
 * Stochastic rounding: the law for few random bits, completely; the bits against the oracle; the mean; and that nothing but
 * the key decides. The law is that of docs/numerics.md.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "../../src/formats/catalog.ts";
import { allValues } from "../../src/formats/codes.ts";
import type { FloatFormat, PositFormat } from "../../src/formats/format.ts";
import { OVERFLOWS } from "../../src/formats/format.ts";
import { roundToFormat } from "../../src/formats/round.ts";
import { createNativeKernels } from "../../src/kernels/native.ts";
import { loadAddon } from "../../src/kernels/native-load.ts";
import { roundingCursor, roundingWord } from "../../src/random/rounding-bits.ts";
import type { BulkSubject } from "./bulk-subjects.ts";
import { bulkSubjects, patterned, remembered } from "./bulk-subjects.ts";
import { compareResults, showMismatch } from "./compare.ts";
import { takesUpper } from "./decide.ts";
import { INFINITY_PATTERN, NAN_PATTERN, patternOfExact, patternOfValue, SIGN_PATTERN } from "./exact.ts";
import { pointOracle } from "./point.ts";
import { positCut, positMagnitude, positRuns } from "./posits.ts";
import { runsOf } from "./runs.ts";
import { samplePatterns } from "./samples.ts";

const floats = FORMATS.filter((entry): entry is FloatFormat => entry.kind === "float" && entry.bits <= 32);
const signedFloats = floats.filter(({ hasSign, bits }) => hasSign && bits <= 16);
const posits = FORMATS.filter((entry): entry is PositFormat => entry.kind === "posit");
const KEY = { seedLow: 7, seedHigh: 11, step: 13, tensorId: 17 };
const expectedOnce = remembered<Uint32Array>();
const cutOnce = remembered<ReturnType<typeof positCut>>();
const BITS = [1, 2, 3, 5, 8, 13, 23, 31, 32];

/** What a pattern becomes in a posit format: what is cut off counts as the fraction of a significand does. */
function positOf(
  pattern: number,
  bits: number,
  how: { readonly word: number; readonly randomBits: number },
): number {
  const sign = pattern >= SIGN_PATTERN ? SIGN_PATTERN : 0;
  const magnitude = pattern - sign;
  if (magnitude >= INFINITY_PATTERN) return sign + NAN_PATTERN;
  if (magnitude === 0) return 0;
  const { code, cut } = cutOnce(`${magnitude} ${bits}`, () => positCut(magnitude, bits));
  const parts = { lower: 0n, upper: 1n << 32n };
  const up = takesUpper(cut, parts, sign !== 0, { mode: "stochastic", ...how });
  return sign + patternOfExact(positMagnitude(up ? code + 1 : code, bits));
}

describe("with few random bits", () => {
  // BF16 leaves 16 bits of FP32's significand to decide: every fraction that an FP32 number can have there.
  const bf16 = floatFormat("bf16");
  const fractions = 2 ** 16;
  const nearestEven = (numerator: number, denominator: number): number => {
    const [floor, rest] = [Math.floor(numerator / denominator), numerator % denominator];
    const up = 2 * rest > denominator || (2 * rest === denominator && floor % 2 === 1);
    return up ? floor + 1 : floor;
  };

  it.each([1, 2, 3, 4])("%d: each fraction goes up for F_r of the 2^r words, and the errors cancel", (r) => {
    const words = Array.from({ length: 2 ** r }, (_, top) => (top * 2 ** (32 - r) + 0x155) >>> 0);
    const wrong: number[] = [];
    let balance = 0;
    for (let i = 0; i < fractions; i++) {
      const x = 1 + (i / fractions) * 2 ** -7;
      const ups = words.filter((word) => roundToFormat(x, bf16, "stochastic", "nan", word, r) > 1).length;
      if (ups !== nearestEven(i * 2 ** r, fractions)) wrong.push(i);
      balance += ups * fractions - i * 2 ** r;
    }
    expect(wrong).toEqual([]);
    expect(balance).toBe(0);
  });

  it("never moves a value of the format, whatever the word", () => {
    const moved = signedFloats.flatMap((format) =>
      [...allValues(format)].flatMap(({ value }) =>
        [0, 0xffffffff].flatMap((word) =>
          [1, 32]
            .filter((r) => !Object.is(roundToFormat(value, format, "stochastic", "infinity", word, r), value))
            .map((r) => `${format.name} ${value} ${r}`),
        ),
      ),
    );
    expect(moved).toEqual([]);
  });
});

describe.each(bulkSubjects())("the bits of $name", ({ kernels }: BulkSubject) => {
  it.each(signedFloats.map((format) => [format.name, format] as const))(
    "are the oracle's for %s, any overflow rule and number of random bits",
    (_, format) => {
      const runs = runsOf({ format, rule: { mode: "nearestEven" }, overflow: "saturate" });
      const thin = format.bits > 8 ? 512 : 8;
      const { patterns, values } = patterned(samplePatterns(runs, { margin: 2, stride: 2 ** 24 - 3, thin }));
      const word = roundingCursor(KEY);
      const wrong: string[] = [];
      for (const [i, randomBits] of BITS.entries()) {
        const overflow = OVERFLOWS[i % OVERFLOWS.length];
        const oracle = pointOracle(format, overflow);
        const actual = patterned(new Uint32Array(patterns.length));
        kernels.round(values, actual.values, {
          format,
          rounding: "stochastic",
          overflow,
          randomBits,
          key: KEY,
        });
        const expected = expectedOnce(`${format.name} ${randomBits}`, () =>
          patterns.map((pattern, element) =>
            oracle(pattern, { mode: "stochastic", word: word(element), randomBits }),
          ),
        );
        const { first } = compareResults(actual.patterns, expected, (element) => patterns[element]);
        wrong.push(...first.map((mismatch) => `r = ${randomBits}, ${overflow}: ${showMismatch(mismatch)}`));
      }
      expect(wrong).toEqual([]);
    },
  );

  it.each(posits.map((format) => [format.name, format] as const))(
    "are the oracle's for %s, any number of random bits",
    (_, format) => {
      const runs = positRuns(format.bits, "nearestEven");
      const thin = format.bits > 8 ? 256 : 4;
      const { patterns, values } = patterned(samplePatterns(runs, { margin: 2, stride: 2 ** 24 - 3, thin }));
      const word = roundingCursor(KEY);
      const wrong = BITS.flatMap((randomBits) => {
        const actual = patterned(new Uint32Array(patterns.length));
        const how = { rounding: "stochastic", overflow: "saturate", randomBits, key: KEY } as const;
        kernels.round(values, actual.values, { format, ...how });
        const expected = expectedOnce(`${format.name} ${randomBits}`, () =>
          patterns.map((pattern, i) => positOf(pattern, format.bits, { word: word(i), randomBits })),
        );
        const { first } = compareResults(actual.patterns, expected, (i) => patterns[i]);
        return first.map((mismatch) => `r = ${randomBits}: ${showMismatch(mismatch)}`);
      });
      expect(wrong).toEqual([]);
    },
  );

  it.each([
    ["e4m3", 1 + 1 / 64, 32],
    ["e5m2", -1.1, 32],
    ["e5m2", 0.3 * 2 ** -16, 32],
    ["e2m1", 2.75, 32],
    ["e3m2", -0.01, 32],
    ["bf16", 1 + 2 ** -10, 32],
    ["fp16", -0.1, 32],
    // Fractions of few bits, which r bits hold: 3/4, 1/8 and 5/16.
    ["e2m1", 2.75, 2],
    ["e4m3", 1 + 1 / 64, 3],
    ["e5m2", -(1 + 5 / 64), 4],
  ] as const)("have the mean of %s at %d with %d random bits, within 4 sigma", (name, x, randomBits) => {
    const format = floatFormat(name);
    const exact = Math.fround(x);
    const low = roundToFormat(exact, format, "towardNegative", "saturate");
    const high = roundToFormat(exact, format, "towardPositive", "saturate");
    const [keys, perKey] = [64, 512];
    const source = new Float32Array(perKey).fill(exact);
    const target = new Float32Array(perKey);
    let [sum, others] = [0, 0];
    for (let key = 0; key < keys; key++) {
      // A different seed, step and tensor each time.
      const bulkKey = { seedLow: key * 97, seedHigh: key % 3, step: key * 31, tensorId: key % 7 };
      kernels.round(source, target, {
        format,
        rounding: "stochastic",
        overflow: "saturate",
        randomBits,
        key: bulkKey,
      });
      for (const y of target) {
        sum += y;
        if (y !== low && y !== high) others++;
      }
    }
    expect(others).toBe(0);
    const draws = keys * perKey;
    const probability = (exact - low) / (high - low);
    const sigma = (high - low) * Math.sqrt((probability * (1 - probability)) / draws);
    expect(Math.abs(sum / draws - exact)).toBeLessThan(4 * sigma);
  });

  it("depend on the key and on nothing else", () => {
    const part = fc.nat(0xffffffff);
    const key = fc.record({ seedLow: part, seedHigh: part, step: part, tensorId: part });
    const format = floatFormat("e4m3");
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 700 }), (k, length) => {
        const source = Float32Array.from({ length }, (_, i) => Math.sin(i + 1));
        const target = new Float32Array(length);
        const request = { format, rounding: "stochastic", overflow: "saturate", key: k } as const;
        kernels.round(source, target, request);
        const word = (i: number) => roundingWord(k.seedLow, k.seedHigh, k.step, k.tensorId, i);
        const wanted = source.map((x, i) => roundToFormat(x, format, "stochastic", "saturate", word(i)));
        expect(target).toEqual(wanted);
        // In place, and a tensor that is longer, give the same first elements.
        const longer = new Float32Array(length + 5);
        longer.set(source);
        kernels.round(longer, longer, request);
        expect(longer.subarray(0, length)).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });
});

const loaded = loadAddon();
const without = "reason" in loaded ? ` (reference only: ${loaded.reason})` : "";

describe(`stores of plans${without}`, () => {
  const threadCounts = "addon" in loaded ? [1, 2, 3, 5] : [];
  const tiers = "addon" in loaded ? loaded.addon.info().tiers : [];
  // Larger than a task, and no multiple of a vector.
  const length = 150_001;
  const source = Float32Array.from({ length }, (_, i) => Math.sin(i) * 2 ** ((i % 40) - 20));
  const format = floatFormat("e5m2");

  it("round alike for any number of threads, any tier, and piece by piece with an offset", () => {
    const pieces = new Float32Array(length);
    for (let offset = 0; offset < length; offset += 40_007) {
      const word = roundingCursor({ ...KEY, offset });
      source.subarray(offset, offset + 40_007).forEach((x, i) => {
        pieces[offset + i] = roundToFormat(x, format, "stochastic", "saturate", word(i));
      });
    }
    const expected = new Uint32Array(pieces.buffer);
    for (const tier of tiers) {
      for (const threads of threadCounts) {
        if (!("addon" in loaded)) return;
        const target = new Float32Array(length);
        const request = { format, rounding: "stochastic", overflow: "saturate", key: KEY } as const;
        createNativeKernels(loaded.addon, { threads, tier }).bulk.round(source, target, request);
        const { first } = compareResults(new Uint32Array(target.buffer), expected, (i) =>
          patternOfValue(source[i]),
        );
        expect(first, `${tier}, ${threads} threads`).toEqual([]);
      }
    }
    expect(pieces.some((x, i) => x !== source[i])).toBe(true);
  });
});
