/** Codes of every format of at most 16 bits, completely: against the oracle's lists, there and back, and packed. */
import { describe, expect, it } from "vitest";
import { FORMATS } from "../../src/formats/catalog.ts";
import type { CodedFormat } from "../../src/formats/codes.ts";
import { allValues, decode, encode } from "../../src/formats/codes.ts";
import type { FloatFormat, PositFormat } from "../../src/formats/format.ts";
import { ROUNDINGS } from "../../src/formats/format.ts";
import { bulkSubjects, patterned, remembered } from "./bulk-subjects.ts";
import { compareResults, showMismatch } from "./compare.ts";
import { ONE, patternOfExact, valueOfPattern } from "./exact.ts";
import { ladderOf } from "./ladder.ts";
import { positMagnitude, positRuns } from "./posits.ts";
import type { Runs } from "./runs.ts";
import { runAt } from "./runs.ts";
import { samplePatterns } from "./samples.ts";

const small = FORMATS.filter(({ bits, kind }) => bits <= 16 && kind !== "block") as readonly CodedFormat[];
const floats = small.filter((format): format is FloatFormat => format.kind === "float");
const posits = small.filter((format): format is PositFormat => format.kind === "posit");
const named = <T extends CodedFormat>(formats: readonly T[]) =>
  formats.map((format) => [format.name, format] as const);

const runsOnce = remembered<Runs>();

describe("every code", () => {
  it.each(named(small))("of %s decodes and encodes back", (_, format) => {
    const lost = [...allValues(format)].filter(({ code, value }) => {
      const back = encode(value, format);
      // Several codes may be NaN; encode writes one of them.
      return Number.isNaN(value) ? !Number.isNaN(decode(back, format)) : back !== code;
    });
    expect(lost).toEqual([]);
  });

  it.each(named(floats))("of %s is on the oracle's ladder, in its order", (_, format) => {
    const half = 2 ** (format.bits - (format.hasSign ? 1 : 0));
    const finite = [...allValues(format)].filter(({ value }) => Number.isFinite(value));
    const ladder = ladderOf(format).magnitudes.map((exact) => valueOfPattern(patternOfExact(exact)));
    expect(finite.filter(({ code }) => code < half).map(({ value }) => value)).toEqual(ladder);
    const negatives = ladder.map((magnitude) => -magnitude).filter((x) => x !== 0 || format.hasNegativeZero);
    expect(finite.filter(({ code }) => code >= half).map(({ value }) => value)).toEqual(
      format.hasSign ? negatives : [],
    );
  });

  it.each(named(posits))("of %s is the oracle's", (_, format) => {
    const wrong = [...allValues(format)].filter(({ code, value }) => {
      const signed = code < 2 ** (format.bits - 1) ? code : code - 2 ** format.bits;
      if (code === 0) return !Object.is(value, 0);
      if (-signed === 2 ** (format.bits - 1)) return !Number.isNaN(value);
      const magnitude = valueOfPattern(patternOfExact(positMagnitude(Math.abs(signed), format.bits)));
      return value !== Math.sign(signed) * magnitude;
    });
    expect(wrong).toEqual([]);
  });

  it.each(bulkSubjects())("goes through the packed codes of $name", ({ kernels }) => {
    for (const format of small.filter(({ kind }) => kind !== "fixed")) {
      const values = Float32Array.from([...allValues(format)], ({ value }) => value);
      const request = { format, rounding: "nearestEven", overflow: "infinity" } as const;
      const encoded = kernels.encode(values, request);
      const packedBits =
        format.bits === 4 || format.bits === 6 ? format.bits : 8 * Math.ceil(format.bits / 8);
      expect(encoded.codes.length).toBe(Math.ceil((values.length * packedBits) / 8));
      expect(kernels.decode(encoded, { format }), format.name).toEqual(values);
    }
  });
});

describe("the oracle of posits", () => {
  it("knows the standard's posits", () => {
    const value = (code: number, bits: number) => Number(positMagnitude(code, bits)) / Number(ONE);
    expect([1, 0x40, 0x48, 0x44, 0x7f].map((code) => value(code, 8))).toEqual([2 ** -24, 1, 2, 1.5, 2 ** 24]);
    expect([1, 0x4000, 0x7fff].map((code) => value(code, 16))).toEqual([2 ** -56, 1, 2 ** 56]);
  });

  it.each(bulkSubjects())("rounds as $name does, in every mode", ({ kernels }) => {
    const wrong: string[] = [];
    for (const format of posits) {
      for (const mode of ROUNDINGS.filter((rounding) => rounding !== "stochastic")) {
        const runs = runsOnce(`${format.name} ${mode}`, () => positRuns(format.bits, mode));
        const { patterns, values } = patterned(
          samplePatterns(runs, { margin: 3, stride: 1_048_573, thin: format.bits > 8 ? 16 : 1 }),
        );
        const actual = patterned(new Uint32Array(patterns.length));
        kernels.round(values, actual.values, { format, rounding: mode, overflow: "infinity" });
        const expected = patterns.map((pattern) => runs.results[runAt(runs, pattern)]);
        const { first } = compareResults(actual.patterns, expected, (i) => patterns[i]);
        wrong.push(...first.map((mismatch) => `${format.name} ${mode}: ${showMismatch(mismatch)}`));
      }
    }
    expect(wrong).toEqual([]);
  });
});
