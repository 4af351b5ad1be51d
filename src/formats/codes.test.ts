/** Every code of every format of at most 16 bits; special values where the standards print them. */
import { describe, expect, it } from "vitest";
import { integerFormat } from "./catalog/integers.ts";
import { FORMATS, floatFormat } from "./catalog.ts";
import { allValues, decode, encode, MAX_LISTED_BITS } from "./codes.ts";
import type { FloatFormat } from "./format.ts";

const small = FORMATS.filter(
  (entry): entry is FloatFormat => entry.kind === "float" && entry.hasSign && entry.bits <= MAX_LISTED_BITS,
);
const { e4m3, e5m2, bf16, fp16, fp32, tf32 } = Object.fromEntries(
  ["e4m3", "e5m2", "bf16", "fp16", "fp32", "tf32"].map((name) => [name, floatFormat(name)]),
);

/** A format that is not in the catalogue, for the rules no entry uses yet. Source: P3109 draft, binary8p3 extended. */
const oneZero: FloatFormat = { ...e5m2, name: "p3se", bias: 16, maxFinite: 49152, hasNegativeZero: false };
const noSpecials: FloatFormat = {
  ...e4m3,
  name: "e2m1",
  bits: 4,
  exponentBits: 2,
  precision: 2,
  bias: 1,
  maxFinite: 6,
  hasNaN: false,
};

describe.each([...small, oneZero, noSpecials].map((f) => [f.name, f] as const))("codes of %s", (_, f) => {
  const values = [...allValues(f)];

  it("lists every code once, and gives each value its code back", () => {
    expect(values.map(({ code }) => code)).toEqual(Array.from({ length: 2 ** f.bits }, (_, code) => code));
    const wrong = values.filter(({ code, value }) =>
      Number.isNaN(value) ? !Number.isNaN(decode(encode(value, f), f)) : encode(value, f) !== code,
    );
    expect(wrong).toEqual([]);
  });

  it("orders the positive codes by value, up to maxFinite", () => {
    const finite = values.filter(({ code, value }) => code < 2 ** (f.bits - 1) && Number.isFinite(value));
    expect(finite.every(({ value }, i) => i === 0 || value > finite[i - 1].value)).toBe(true);
    expect(finite.at(-1)?.value).toBe(f.maxFinite);
  });

  it("mirrors the positive codes below the sign bit", () => {
    const half = 2 ** (f.bits - 1);
    const broken = values
      .slice(1, half)
      .filter(({ code, value }) => !Object.is(-value, decode(code + half, f)));
    expect(broken.filter(({ value }) => !Number.isNaN(value))).toEqual([]);
  });
});

describe("codes", () => {
  it("put the special values where OCP OFP8 has them", () => {
    expect([0x7e, 0x7f, 0xff, 0x80, 0x01, 0x08].map((code) => decode(code, e4m3))).toEqual([
      448,
      NaN,
      NaN,
      -0,
      2 ** -9,
      2 ** -6,
    ]);
    expect([0x7b, 0x7c, 0xfc, 0x7d, 0x7e, 0x7f, 0x01].map((code) => decode(code, e5m2))).toEqual([
      57344,
      Infinity,
      -Infinity,
      NaN,
      NaN,
      NaN,
      2 ** -16,
    ]);
    expect([encode(NaN, e4m3), encode(NaN, e5m2), encode(NaN, fp16), encode(NaN, bf16)]).toEqual([
      0x7f, 0x7e, 0x7e00, 0x7fc0,
    ]);
  });

  it("put NaN in the place of -0 where there is one zero (P3109)", () => {
    expect([0x7e, 0x7f, 0x80, 0xff, 0x01].map((code) => decode(code, oneZero))).toEqual([
      49152,
      Infinity,
      NaN,
      -Infinity,
      2 ** -17,
    ]);
    expect(encode(NaN, oneZero)).toBe(0x80);
    expect(() => encode(-0, oneZero)).toThrow(/received -0/);
  });

  it("are the bit patterns of the hardware for fp32, and its upper half for bf16", () => {
    const bits = new DataView(new ArrayBuffer(4));
    const wrong: number[] = [];
    for (let pattern = 0; pattern < 2 ** 32; pattern += 1_048_573) {
      bits.setUint32(0, pattern);
      const value = bits.getFloat32(0);
      if (!Object.is(decode(pattern, fp32), value)) wrong.push(pattern);
      if (!Number.isNaN(value) && encode(value, fp32) !== pattern) wrong.push(pattern);
      bits.setUint32(0, (pattern & 0xffff0000) >>> 0);
      if (!Object.is(decode(pattern >>> 16, bf16), bits.getFloat32(0))) wrong.push(pattern);
    }
    expect(wrong).toEqual([]);
  });

  it("refuse what is not a value", () => {
    expect(() => encode(448.5, e4m3)).toThrow(/e4m3 cannot hold this value exactly.*received 448.5/);
    for (const value of [480, 2 ** -10, Infinity, -512])
      expect(() => encode(value, e4m3)).toThrow(/cannot hold/);
    for (const value of [2 ** 200, -(2 ** 200), 1 + 2 ** -8, 2 ** -134]) {
      expect(() => encode(value, bf16)).toThrow(/cannot hold/);
    }
    expect(() => encode(NaN, noSpecials)).toThrow(/cannot hold/);
    expect(() => encode(Infinity, noSpecials)).toThrow(/cannot hold/);
  });

  it("refuse what is not a code", () => {
    for (const code of [-1, 256, 1.5, NaN]) expect(() => decode(code, e4m3)).toThrow(/not a code of e4m3/);
    const flushed: FloatFormat = { ...e5m2, hasSubnormals: false };
    expect(() => decode(0x01, flushed)).toThrow(/not a code/);
    expect([...allValues(flushed)]).toHaveLength(256 - 2 * 3);
  });

  it("of e8m0 are exponents: no sign, no zero, one NaN", () => {
    const e8m0 = floatFormat("e8m0");
    const values = [...allValues(e8m0)];
    expect(values).toHaveLength(256);
    expect(values.slice(0, 255).map(({ value }) => value)).toEqual(
      Array.from({ length: 255 }, (_, code) => 2 ** (code - 127)),
    );
    expect(values[255]).toEqual({ code: 255, value: NaN });
    expect(values.filter(({ code, value }) => encode(value, e8m0) !== code)).toEqual([]);
    for (const value of [0, -0, -1, 3, 2 ** 128, 2 ** -128, Infinity])
      expect(() => encode(value, e8m0)).toThrow(/cannot hold/);
  });

  it("of integers are two's complement without the most negative one", () => {
    const int4 = integerFormat(4);
    expect([...allValues(int4)].map(({ code, value }) => [code, value])).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((value) => [value, value]),
      ...[9, 10, 11, 12, 13, 14, 15].map((code) => [code, code - 16]),
    ]);
    expect([encode(-7, int4), encode(7, int4)]).toEqual([9, 7]);
    for (const value of [-8, 8, 0.5, -0, NaN, Infinity])
      expect(() => encode(value, int4)).toThrow(/cannot hold/);
    expect(() => decode(8, int4)).toThrow(/not a code/);
  });

  it("wider than 32 bits are refused", () => {
    expect(() => encode(1, floatFormat("fp64"))).toThrow(/codes of fp64 are too wide/);
    expect(() => decode(1, floatFormat("fp64"))).toThrow(/at most 32 bits/);
  });

  it("are not listed for wide formats", () => {
    expect(() => allValues(tf32).next()).toThrow(/tf32 has too many values to list/);
  });
});
