/** Rounding against a table of values: adversarial inputs of every small format, wide formats against the hardware. */
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat } from "./catalog.ts";
import { allValues, MAX_LISTED_BITS } from "./codes.ts";
import { exponentOf, powerOfTwo } from "./exponents.ts";
import type { FloatFormat, Overflow, Rounding } from "./format.ts";
import { OVERFLOWS, ROUNDINGS } from "./format.ts";
import { roundToFormat } from "./round.ts";

const signed = FORMATS.filter((entry): entry is FloatFormat => entry.kind === "float" && entry.hasSign);
const small = signed.filter((f) => f.bits <= MAX_LISTED_BITS);
const [fp32, tf32, bf16, fp16] = ["fp32", "tf32", "bf16", "fp16"].map(floatFormat);
const [e5m2, e4m3, e8m0] = ["e5m2", "e4m3", "e8m0"].map(floatFormat);

/** For the rules that no catalogue entry uses yet. */
const oneZero: FloatFormat = { ...e5m2, name: "p3se", bias: 16, maxFinite: 49152, hasNegativeZero: false };
const flushed: FloatFormat = { ...e4m3, name: "e4m3-without-subnormals", hasSubnormals: false };
const shifted: FloatFormat = { ...e5m2, name: "e5m2-odd-bias", bias: 4, maxFinite: 57344 * 2 ** 11 };

/**
 * An independent oracle: the sorted table of the format's magnitudes (one more on top, where the next would be if
 * exponents went on), binary search for the two neighbours, exact differences. It shares with the code only `allValues`.
 */
function tableOracle(
  f: FloatFormat,
): (x: number, mode: Rounding, overflow: Overflow, random: number) => number {
  const table = [...allValues(f)].filter((v) => v.code < 2 ** (f.bits - 1)).map((v) => v.value);
  const finite = table.filter((value) => Number.isFinite(value));
  const beyond = nextMagnitude(finite, f);
  const magnitudes = [...finite, beyond];
  return (x, mode, overflow, random) => {
    const negative = x < 0 || Object.is(x, -0);
    const index = roundedIndex(magnitudes, Math.abs(x), f.precision === 1, { negative, mode, random });
    const infinity = overflow === "infinity" && f.hasInfinity ? Infinity : NaN;
    const large = overflow === "saturate" ? f.maxFinite : infinity;
    const magnitude = index < finite.length ? magnitudes[index] : large;
    return negative && (magnitude !== 0 || f.hasNegativeZero) ? -magnitude : magnitude;
  };
}

/** The value after the largest one, if exponents went on. */
function nextMagnitude(values: readonly number[], { precision }: FloatFormat): number {
  const last = values[values.length - 1];
  return last + powerOfTwo(exponentOf(last) - (precision - 1));
}

/** Index of the magnitude that |x| rounds to; the last index stands for everything above the largest finite one. */
function roundedIndex(
  magnitudes: readonly number[],
  magnitude: number,
  isOneBit: boolean,
  {
    negative,
    mode,
    random,
  }: { readonly negative: boolean; readonly mode: Rounding; readonly random: number },
): number {
  const last = magnitudes.length - 1;
  if (magnitude >= magnitudes[last]) return last;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (magnitudes[middle] <= magnitude) low = middle;
    else high = middle;
  }
  const [below, above] = [magnitude - magnitudes[low], magnitudes[high] - magnitude];
  if (below === 0) return low;
  // A significand of one bit is odd, except 0: IEEE 754-2019 clause 4.3.1 then takes the larger magnitude.
  const lowIsEven = isOneBit ? low === 0 : low % 2 === 0;
  const even = lowIsEven ? low : high;
  const choices: Record<Rounding, number> = {
    nearestEven: below === above ? even : below < above ? low : high,
    nearestAway: below < above ? low : high,
    towardZero: low,
    towardPositive: negative ? low : high,
    towardNegative: negative ? high : low,
    toOdd: even === low ? high : low,
    stochastic: Math.floor((below / (below + above)) * 2 ** 32) + random >= 2 ** 32 ? high : low,
  };
  return choices[mode];
}

/** The inputs on which implementations differ: every value, every tie, their nearest doubles, and both ends. */
function adversarial(f: FloatFormat): number[] {
  const values = [...allValues(f)].map((v) => v.value).filter((v) => Number.isFinite(v) && v >= 0);
  const magnitudes = [...values, nextMagnitude(values, f)];
  const inputs = magnitudes.flatMap((value, i) => {
    const tie = i === 0 ? value : (magnitudes[i - 1] + value) / 2;
    return [value, tie, tie * (1 - 2 ** -52), tie * (1 + 2 ** -52), value * (1 - 2 ** -50)];
  });
  inputs.push(Number.MIN_VALUE, 2 ** -149, 2 ** -1040, 2 ** 200, Number.MAX_VALUE, Infinity);
  return inputs.flatMap((x) => [x, -x]);
}

/** FP32 values spread over all bit patterns; the stride is prime, so every low bit pattern comes by. */
function stridedFp32(stride: number): number[] {
  const bits = new DataView(new ArrayBuffer(4));
  const inputs: number[] = [];
  for (let pattern = 0; pattern < 2 ** 32; pattern += stride) {
    bits.setUint32(0, pattern);
    const x = bits.getFloat32(0);
    if (!Number.isNaN(x)) inputs.push(x);
  }
  return inputs;
}

const WORDS = [0, 1, 0x7fffffff, 0x80000000, 0x9e3779b9, 0xffffffff];
const strided = stridedFp32(199_999);
const widelyStrided = stridedFp32(1_999_993);

describe.each([...small, oneZero, shifted].map((f) => [f.name, f] as const))("rounding to %s", (_, f) => {
  const oracle = tableOracle(f);
  const inputs = [...adversarial(f), ...widelyStrided];

  it.each(ROUNDINGS)("%s agrees with the table of values, for every overflow", (mode) => {
    const wrong: unknown[] = [];
    for (const overflow of OVERFLOWS) {
      inputs.forEach((x, i) => {
        const random = WORDS[i % WORDS.length];
        const [got, expected] = [
          roundToFormat(x, f, mode, overflow, random),
          oracle(x, mode, overflow, random),
        ];
        if (!Object.is(got, expected)) wrong.push({ x, overflow, random, got, expected });
      });
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it("nearestEven agrees with the table over strided FP32 inputs", () => {
    const wrong = strided.filter(
      (x) =>
        !Object.is(roundToFormat(x, f, "nearestEven", "infinity"), oracle(x, "nearestEven", "infinity", 0)),
    );
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

describe("rounding to wide formats", () => {
  it("fp32 nearestEven is Math.fround, also for doubles between FP32 values", () => {
    const wrong = strided.flatMap((x) =>
      [x, x * (1 + 2 ** -24), x * (1 + 2 ** -25 + 2 ** -40), x * 1.7].filter(
        (y) => !Object.is(roundToFormat(y, fp32, "nearestEven", "infinity"), Math.fround(y)),
      ),
    );
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it.each([
    ["tf32", tf32, 13],
    ["bf16", bf16, 16],
  ] as const)("%s nearestEven is the integer trick on FP32 bits", (_, f, dropped) => {
    const bits = new DataView(new ArrayBuffer(4));
    const wrong = strided.filter((x) => {
      bits.setFloat32(0, x);
      const pattern = bits.getUint32(0);
      const bias = 2 ** (dropped - 1) - 1 + ((pattern >>> dropped) & 1);
      bits.setUint32(0, ((pattern + bias) & -(2 ** dropped)) >>> 0);
      return !Object.is(roundToFormat(x, f, "nearestEven", "infinity"), bits.getFloat32(0));
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

describe("one rounding", () => {
  it("does not round twice: cases that two steps get wrong", () => {
    expect(roundToFormat(1.125 + 2 ** -13, e5m2, "nearestEven", "saturate")).toBe(1.25);
    const viaFp16 = roundToFormat(1.125 + 2 ** -13, fp16, "nearestEven", "saturate");
    expect(roundToFormat(viaFp16, e5m2, "nearestEven", "saturate")).toBe(1);
    expect(roundToFormat(1 + 2 ** -8 + 2 ** -40, bf16, "nearestEven", "saturate")).toBe(1.0078125);
    expect(roundToFormat(1 + 2 ** -24 + 2 ** -50, fp32, "nearestEven", "saturate")).toBe(1 + 2 ** -23);
  });

  it("to odd makes a second rounding safe", () => {
    const wrong = strided.filter((x) => {
      const odd = roundToFormat(x, fp16, "toOdd", "saturate");
      const direct = roundToFormat(x, e5m2, "nearestEven", "saturate");
      return Math.abs(x) < 57344 && roundToFormat(odd, e5m2, "nearestEven", "saturate") !== direct;
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

describe("overflow", () => {
  it("begins where the standards say", () => {
    const at = (x: number, f: FloatFormat) => roundToFormat(x, f, "nearestEven", "infinity");
    expect([at(464, e4m3), at(464.00001, e4m3), at(-464, e4m3)]).toEqual([448, NaN, -448]);
    expect([at(61439.9, e5m2), at(61440, e5m2), at(-61440, e5m2)]).toEqual([57344, Infinity, -Infinity]);
    expect([at(65519.99, fp16), at(65520, fp16)]).toEqual([65504, Infinity]);
    const bits = new DataView(new ArrayBuffer(4));
    bits.setUint32(0, 0x7f7f8000);
    expect(at(bits.getFloat32(0), bf16)).toBe(Infinity);
    bits.setUint32(0, 0x7f7f7fff);
    expect(at(bits.getFloat32(0), bf16)).toBe(bf16.maxFinite);
  });

  it("is a choice that every mode follows, towardZero too", () => {
    expect(roundToFormat(479, e4m3, "towardZero", "nan")).toBe(448);
    expect(roundToFormat(480, e4m3, "towardZero", "saturate")).toBe(448);
    expect(roundToFormat(480, e4m3, "towardZero", "nan")).toBe(NaN);
    expect(roundToFormat(1e6, e5m2, "towardZero", "infinity")).toBe(Infinity);
    expect(roundToFormat(448.1, e4m3, "towardPositive", "infinity")).toBe(NaN);
    expect(roundToFormat(-448.1, e4m3, "towardPositive", "infinity")).toBe(-448);
  });

  it("treats Infinity alike; NaN is left alone", () => {
    expect(roundToFormat(-Infinity, e5m2, "nearestEven", "saturate")).toBe(-57344);
    expect(roundToFormat(-Infinity, e5m2, "nearestEven", "infinity")).toBe(-Infinity);
    expect(roundToFormat(Infinity, e4m3, "nearestEven", "infinity")).toBe(NaN);
    expect(roundToFormat(Infinity, e5m2, "nearestEven", "nan")).toBe(NaN);
    for (const f of [...signed, e8m0]) expect(roundToFormat(NaN, f, "nearestEven", "saturate")).toBe(NaN);
  });
});

describe("the small end", () => {
  it("flushes up to half the smallest subnormal, with the sign kept", () => {
    expect(roundToFormat(2 ** -10, e4m3, "nearestEven", "saturate")).toBe(0);
    expect(roundToFormat(-(2 ** -17), e5m2, "nearestEven", "saturate")).toBe(-0);
    expect(roundToFormat(2 ** -17 * (1 + 2 ** -52), e5m2, "nearestEven", "saturate")).toBe(2 ** -16);
    expect(roundToFormat(-(2 ** -30), oneZero, "nearestEven", "saturate")).toBe(0);
    expect(roundToFormat(-0, oneZero, "nearestEven", "saturate")).toBe(0);
    expect(roundToFormat(Number.MIN_VALUE, e4m3, "towardPositive", "saturate")).toBe(2 ** -9);
  });

  it("without subnormals has nothing between zero and the smallest normal", () => {
    const at = (x: number, mode: Rounding) => roundToFormat(x, flushed, mode, "saturate");
    expect([at(2 ** -7, "nearestEven"), at(2 ** -7 * 1.01, "nearestEven")]).toEqual([0, 2 ** -6]);
    expect([at(2 ** -9, "towardPositive"), at(2 ** -9, "towardNegative")]).toEqual([2 ** -6, 0]);
    expect(at(2 ** -6 * 1.125, "nearestEven")).toBe(2 ** -6 * 1.125);
  });
});

describe("a format without sign and zero (e8m0)", () => {
  const at = (x: number, mode: Rounding = "nearestEven", overflow: Overflow = "saturate", random?: number) =>
    roundToFormat(x, e8m0, mode, overflow, random);

  it("holds every power of two, and rounds the middle up", () => {
    for (let exponent = -127; exponent <= 127; exponent++) {
      expect(at(2 ** exponent)).toBe(2 ** exponent);
      if (exponent < 127) expect(at(1.5 * 2 ** exponent)).toBe(2 ** (exponent + 1));
      expect(at(1.4999 * 2 ** exponent)).toBe(2 ** exponent);
    }
  });

  it("has no zero and nothing below it", () => {
    for (const mode of ROUNDINGS) {
      expect([0, -0, 2 ** -149, 2 ** -128].map((x) => at(x, mode, "saturate", 0))).toEqual(
        new Array(4).fill(2 ** -127),
      );
      expect([-1, -(2 ** -149), -Infinity, NaN].map((x) => at(x, mode))).toEqual(new Array(4).fill(NaN));
    }
  });

  it("overflows above 2^127 to its largest value or to NaN: it has no Infinity", () => {
    expect([at(1.5 * 2 ** 127), at(Infinity)]).toEqual([2 ** 127, 2 ** 127]);
    expect([at(Infinity, "nearestEven", "infinity"), at(2 ** 128, "towardZero", "nan")]).toEqual([NaN, NaN]);
    expect(at(1.75 * 2 ** 127, "towardZero", "nan")).toBe(2 ** 127);
  });

  it("goes up by the fraction of the way to the next power", () => {
    expect([
      at(1.25, "stochastic", "saturate", 0xbfffffff),
      at(1.25, "stochastic", "saturate", 0xc0000000),
    ]).toEqual([1, 2]);
    expect([at(1.01, "towardPositive"), at(1.99, "towardNegative"), at(1.99, "nearestAway")]).toEqual([
      2, 1, 2,
    ]);
  });
});

describe("fp64", () => {
  it("holds every double", () => {
    const doubles = [
      Number.MAX_VALUE,
      Number.MIN_VALUE,
      2 ** -1022,
      0.1,
      -Infinity,
      -0,
      3 * Number.MIN_VALUE,
    ];
    for (const mode of ROUNDINGS)
      expect(doubles.map((x) => roundToFormat(x, floatFormat("fp64"), mode, "infinity", 1))).toEqual(doubles);
  });
});
