/** MX and block floating point: codes, scales and values worked out by hand; broken, empty and extreme blocks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scaledFormat } from "../catalog.ts";
import { EXPONENT_NOT_A_NUMBER, quantizeDynamicFixed } from "../dynamic-fixed-point.ts";
import type { Rounding } from "../format.ts";
import { ROUNDINGS, SCALE_RULES } from "../format.ts";
import type { QuantizeOptions } from "./quantize.ts";
import { dequantize, quantize } from "./quantize.ts";

const run = (name: string, values: readonly number[], options?: QuantizeOptions) => {
  const { codes, scales, ...rest } = quantize(Float32Array.from(values), scaledFormat(name), options);
  return { ...rest, codes: [...codes], scales: [...scales], values: [...rest.values] };
};

describe("MX", () => {
  it("clamps what the floor rule leaves above the largest element: 7 becomes 6 in FP4", () => {
    const { scales, codes, values, statistics } = run("mxfp4", [7, -7, 1, 0.25, -0]);
    expect(scales).toEqual([1]);
    expect(codes).toEqual([7, 15, 2, 0, 8]);
    expect(values).toEqual([6, -6, 1, 0, -0]);
    expect(statistics).toMatchObject({
      saturated: 2,
      flushed: 1,
      underflowed: 1,
      maxAbsError: 1,
      nonFinite: 0,
    });
  });

  it("does not clamp by the rules that look at the largest element", () => {
    const largest = Object.fromEntries(
      SCALE_RULES.map((scaleRule) => {
        const { scales, values, statistics } = run("mxfp4", [7, 1], { scaleRule });
        return [scaleRule, [scales[0], values[0], statistics.saturated]];
      }),
    );
    expect(largest).toEqual({
      floor: [1, 6, 1],
      // 3.5 is a tie of 3 and 4: the even code is that of 4.
      ceil: [2, 8, 0],
      even: [2, 8, 0],
      roundUp: [2, 8, 0],
      nearest: [2, 8, 0],
    });
  });

  it("rounds elements nearest even at every boundary of FP4", () => {
    const boundaries = [4, 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5];
    expect(run("mxfp4", boundaries).values).toEqual([4, 0, 1, 1, 2, 2, 4, 4]);
  });

  it("keeps subnormal elements", () => {
    const { values, scales, statistics } = run("mxfp8e4m3", [256, 2 ** -9, 2 ** -10, 3 * 2 ** -10]);
    expect([scales, values]).toEqual([[1], [256, 2 ** -9, 0, 2 ** -8]]);
    expect(statistics).toMatchObject({ subnormal: 2, flushed: 1, underflowed: 2 });
  });

  it("has integers of sixty-fourths", () => {
    const { codes, scales, values } = run("mxint8", [1, -1.984375, 1.9921875, 1 / 128, 3 / 128]);
    expect([scales, codes]).toEqual([[1], [64, -127, 127, 0, 2]]);
    expect(values).toEqual([1, -1.984375, 1.984375, 0, 2 / 64]);
  });

  it("gives each block of 32 its own scale, and the tail as well", () => {
    const values = Array.from({ length: 70 }, (_, i) => (i < 32 ? 1 : i < 64 ? 16 : -1024));
    const { scales, values: got } = run("mxfp8e5m2", values);
    expect(scales).toEqual([2 ** -15, 2 ** -11, 2 ** -5]);
    expect(got).toEqual(values);
    const along = quantize(Float32Array.of(1, 16, 1, 16), scaledFormat("mxfp4"), {
      shape: [2, 2],
      blockAxis: 0,
    });
    expect([...along.scales]).toEqual([0.25, 4]);
  });

  it("is all zero with the smallest scale for an all-zero block, signs kept where there is a -0", () => {
    expect(run("mxfp4", [0, -0])).toMatchObject({ scales: [2 ** -127], codes: [0, 8], values: [0, -0] });
    expect(run("mxint8", [0, -0])).toMatchObject({ scales: [2 ** -127], codes: [0, 0], values: [0, 0] });
  });

  it.each([Number.NaN, Infinity, -Infinity])("is NaN in a block with %d, and only there", (bad) => {
    const values = Array.from({ length: 64 }, (_, i) => (i === 3 ? bad : 1));
    const { scales, codes, values: got, statistics } = run("mxfp8e4m3", values);
    expect(scales).toEqual([NaN, 2 ** -8]);
    expect(codes.slice(0, 32)).toEqual(new Array(32).fill(0));
    expect(got).toEqual([...new Array(32).fill(NaN), ...new Array(32).fill(1)]);
    expect(statistics).toMatchObject({ nonFinite: 32, saturated: 0, maxAbsError: 0 });
  });

  it("holds blocks of subnormal numbers at its smallest scale", () => {
    const { scales, values } = run("mxfp8e5m2", [2 ** -149, 2 ** -142, 2 ** -130, 3 * 2 ** -144]);
    expect(scales).toEqual([2 ** -127]);
    // Elements are multiples of 2^−16 at a scale of 2^−127; 1.5 of them is a tie.
    expect(values).toEqual([0, 2 ** -142, 2 ** -130, 2 ** -142]);
  });

  it("leaves FP32 only where the scale was rounded up", () => {
    const largest = (2 - 2 ** -23) * 2 ** 127;
    expect(run("mxfp4", [largest]).values).toEqual([6 * 2 ** 125]);
    expect(run("mxfp4", [largest], { scaleRule: "ceil" })).toMatchObject({
      scales: [2 ** 126],
      values: [Infinity],
    });
  });
});

describe("block floating point", () => {
  it("is dynamic fixed point, block by block", () => {
    const values = Float32Array.from({ length: 20 }, (_, i) => Math.sin(i) * 2 ** (i % 7));
    for (const rounding of ROUNDINGS) {
      const randomAt = (element: number) => (element * 0x9e3779b9) >>> 0;
      const { codes, scales } = quantize(values, scaledFormat("bfp8b8"), { rounding, randomAt });
      for (const [group, start] of [0, 8, 16].entries()) {
        const part = values.slice(start, start + 8);
        const expected = quantizeDynamicFixed(part, 8, rounding, (element) => randomAt(start + element));
        expect(scales[group]).toBe(expected.exponent);
        expect([...codes.slice(start, start + 8)]).toEqual([...expected.integers]);
      }
    }
  });

  it("of one group is int16 with its shared exponent", () => {
    const { codes, scales, values, statistics } = run("int16", [16384, 32767.75, -32768, 0.25]);
    // amax 2^15 gives the exponent 1.
    expect([scales, codes]).toEqual([[1], [8192, 16384, -16384, 0]]);
    expect(values).toEqual([16384, 32768, -32768, 0]);
    expect(statistics).toMatchObject({ saturated: 0, underflowed: 1, flushed: 1 });
    expect(run("int16", [32767.75, -32767.5])).toMatchObject({
      scales: [0],
      codes: [32767, -32767],
      statistics: { saturated: 2 },
    });
  });

  it("by the ceil rule never clamps", () => {
    expect(run("bfp4b4", [7.75, 4], { scaleRule: "floor" })).toMatchObject({ codes: [7, 4], scales: [0] });
    expect(run("bfp4b4", [7.75, 4], { scaleRule: "ceil" })).toMatchObject({ codes: [4, 2], scales: [1] });
    expect(run("bfp4b4", [8, 4], { scaleRule: "ceil" })).toMatchObject({ codes: [4, 2], scales: [1] });
  });

  it("marks a block that is not a number", () => {
    const { scales, codes, values } = run("bfp8b2", [1, NaN, 2, 1]);
    expect(scales).toEqual([EXPONENT_NOT_A_NUMBER, -5]);
    expect([codes, values]).toEqual([
      [0, 0, 64, 32],
      [NaN, NaN, 2, 1],
    ]);
    expect(run("bfp8b2", [0, -0])).toMatchObject({ scales: [0], codes: [0, 0], values: [0, 0] });
  });

  it("has tiles over two axes", () => {
    const shape = [3, 3];
    const { scales } = run("bfp8t2x2", [1, 1, 8, 1, 1, 8, 64, 64, 512], { shape });
    expect(scales).toEqual([-6, -3, 0, 3]);
  });
});

describe("any scaled tensor", () => {
  const names = ["int8", "bfp8b16", "bfp6t2x3", "mxfp8e5m2", "mxfp6e2m3", "mxfp4", "mxint8", "nvfp4"];
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
  const ordinary = fc.float({ min: -1000, max: 1000, noNaN: true });
  const eight = { minLength: 8, maxLength: 8 };
  const tensor = fc
    .oneof(fc.array(ordinary, eight), fc.array(finite, eight), fc.array(fc.float(), eight))
    .map((v) => Float32Array.from([...v, ...v]));

  it("is what its codes and scales say, and stays what it is", () => {
    fc.assert(
      fc.property(
        tensor,
        fc.constantFrom(...names),
        fc.constantFrom(...ROUNDINGS),
        (values, name, rounding) => {
          const options = { shape: [4, 4], rounding, randomAt: () => 0x7fffffff };
          const once = quantize(values, scaledFormat(name), options);
          expect([...dequantize(once)]).toEqual([...once.values]);
          // NVFP4 is the exception: with another amax the tensor scale moves.
          if (name === "nvfp4") return;
          const again = quantize(once.values, scaledFormat(name), options);
          expect([...again.values]).toEqual([...once.values]);
        },
      ),
    );
  });

  it("turns its sign with the signs of its elements", () => {
    const mirrored: Partial<Record<Rounding, Rounding>> = {
      towardPositive: "towardNegative",
      towardNegative: "towardPositive",
    };
    fc.assert(
      fc.property(
        tensor,
        fc.constantFrom(...names),
        fc.constantFrom(...ROUNDINGS),
        (values, name, rounding) => {
          const shared = { shape: [4, 4], randomAt: (element: number) => (element * 0x9e3779b9) >>> 0 };
          const plus = quantize(values, scaledFormat(name), { ...shared, rounding });
          const minus = quantize(
            values.map((x) => -x),
            scaledFormat(name),
            { ...shared, rounding: mirrored[rounding] ?? rounding },
          );
          expect([...minus.scales]).toEqual([...plus.scales]);
          // 0 equals −0 here: integers have one zero.
          expect(
            [...minus.values].every((x, i) => x === -plus.values[i] || Number.isNaN(plus.values[i])),
          ).toBe(true);
          expect(minus.statistics).toEqual(plus.statistics);
        },
      ),
    );
  });

  it("keeps the order of the elements of a block", () => {
    fc.assert(
      fc.property(
        tensor,
        fc.constantFrom(...names),
        fc.constantFrom(...ROUNDINGS),
        (values, name, rounding) => {
          const block = values.slice(0, 16).sort();
          const options = { shape: [16, 1], blockAxis: name === "int8" ? undefined : 0, rounding };
          const tile = name === "bfp6t2x3" ? { ...options, shape: [1, 16], blockAxis: 1 } : options;
          const { values: got } = quantize(block, scaledFormat(name), {
            ...tile,
            randomAt: () => 0x5bd1e995,
          });
          const size = name === "bfp6t2x3" ? 3 : 16;
          const falls = [...got].some((x, i) => i % size !== 0 && x < got[i - 1]);
          expect(falls).toBe(false);
        },
      ),
    );
  });

  it("refuses options of other formats", () => {
    const values = new Float32Array(32);
    expect(() => quantize(values, scaledFormat("int8"), { blockAxis: 0 })).toThrow(
      /block axis \(0\) does not apply to int8/,
    );
    expect(() => quantize(values, scaledFormat("mxfp4"), { scaling: { rule: "affine" } })).toThrow(
      /scaling "affine" does not apply to mxfp4/,
    );
    expect(() => quantize(values, scaledFormat("nvfp4"), { scaleRule: "floor" })).toThrow(
      /scale rule does not apply/,
    );
    expect(() =>
      quantize(values, scaledFormat("int8"), { scaling: { rule: "symmetric" }, scaleRule: "ceil" }),
    ).toThrow(/scale rule does not apply to int8 with scaling "symmetric"/);
    expect(() => quantize(values, scaledFormat("bfp8b4"), { scaleRule: "even" })).toThrow(/floor or ceil/);
    expect(() => quantize(values, scaledFormat("mxfp4"), { randomBits: 0 })).toThrow(/from 1 to 32/);
    expect(() =>
      quantize(Float32Array.of(4, 0.3), scaledFormat("mxfp4"), { rounding: "stochastic" }),
    ).toThrow(/no random bits/);
    const tensorOfTwo = quantize(values, scaledFormat("mxfp4"));
    expect(() => dequantize({ ...tensorOfTwo, scales: new Float32Array(2) })).toThrow(/scales do not fit/);
  });
});
