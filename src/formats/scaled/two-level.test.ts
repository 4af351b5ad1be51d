/** NVFP4: boundaries by hand, and a literal transcription of its rules in exact rational arithmetic. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatFormat, scaledFormat } from "../catalog.ts";
import { allValues } from "../codes.ts";
import { compare, nearestIndex, product, quotient, rational } from "./exact-quotient.fixture.ts";
import type { QuantizeOptions } from "./quantize.ts";
import { quantize } from "./quantize.ts";

const nvfp4 = scaledFormat("nvfp4");
const run = (values: readonly number[], options?: QuantizeOptions) =>
  quantize(Float32Array.from(values), nvfp4, options);

const magnitudes = (name: string) =>
  [...allValues(floatFormat(name))]
    .map(({ value }) => value)
    .filter((value) => value >= 0 && !Object.is(value, -0));
const E2M1 = magnitudes("e2m1");
const E4M3 = magnitudes("e4m3");

/** The rules as they are written down, over the rationals; block of 16, one row. */
function transcription(values: Float32Array) {
  const amaxOf = (part: Float32Array) => part.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  // FP64 division and one more rounding to FP32: shown right against the exact quotient below.
  const tensorScale = Math.fround(amaxOf(values) / 2688);
  const scales: number[] = [];
  const results: number[] = [];
  for (let start = 0; start < values.length; start += 16) {
    const block = values.slice(start, start + 16);
    const denominator = product(rational(6), rational(tensorScale));
    const isZero = tensorScale === 0;
    const scale = isZero ? 0 : E4M3[nearestIndex(quotient(rational(amaxOf(block)), denominator), E4M3)];
    scales.push(scale);
    const step = product(rational(scale), rational(tensorScale));
    for (const x of block) {
      const index = step.numerator === 0n ? 0 : nearestIndex(quotient(rational(x), step), E2M1);
      const sign = x < 0 || Object.is(x, -0) ? -1 : 1;
      results.push(Math.fround(sign * E2M1[index] * (scale * tensorScale)));
    }
  }
  return { tensorScale, scales, results };
}

describe("NVFP4", () => {
  it("scales the tensor so that its largest block gets the largest scale", () => {
    const { tensorScale, scales, codes, values } = run([2688, -2688, 448, 0]);
    expect([tensorScale, [...scales]]).toEqual([1, [448]]);
    expect([...codes]).toEqual([7, 15, 2, 0]);
    expect([...values]).toEqual([2688, -2688, 448, 0]);
  });

  it("rounds to FP4 at its boundaries, under the rounded scale of the block", () => {
    const boundaries = [2688, 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5].map((x, i) => (i === 0 ? x : x * 448));
    expect([...run(boundaries).values].map((x) => x / 448)).toEqual([6, 0, 1, 1, 2, 2, 4, 4]);
    expect([...run(boundaries.map((x) => -x)).values].map((x) => x / 448)).toEqual([
      -6, -0, -1, -1, -2, -2, -4, -4,
    ]);
  });

  it("holds amax below 7 steps at 6, and counts as saturated what rounds beyond: coarse scales only", () => {
    // amax 102 asks for a scale of 17, which E4M3 has as 16: 102 / 16 is 6.375.
    const second = [102, 96, 8, -102];
    const { scales, values, statistics } = run([2688, ...new Array(15).fill(0), ...second]);
    expect([...scales]).toEqual([448, 16]);
    expect([...values].slice(16)).toEqual([96, 96, 8, -96]);
    expect(statistics).toMatchObject({ saturated: 0, maxAbsError: 6 });
    // A scale of 1.4 · 2^−9 is rounded down to the smallest one: amax is at 8.4 of its steps.
    const coarse = run([2688, ...new Array(15).fill(0), 8.4 * 2 ** -9, -(2 ** -9)]);
    expect([coarse.scales[1], coarse.values[16], coarse.values[17]]).toEqual([
      2 ** -9,
      6 * 2 ** -9,
      -(2 ** -9),
    ]);
    expect(coarse.statistics.saturated).toBe(1);
  });

  it("flushes a block whose scale rounds to zero, signs kept, and counts it", () => {
    const tiny = 2 ** -10 * 6;
    const { scales, values, statistics } = run([2688, ...new Array(15).fill(0), tiny, -tiny]);
    expect([...scales]).toEqual([448, 0]);
    expect([...values].slice(16)).toEqual([0, -0]);
    expect(statistics).toMatchObject({ flushed: 2, underflowed: 2, saturated: 0 });
    expect([...run([2688, ...new Array(15).fill(0), tiny * 1.001]).scales]).toEqual([448, 2 ** -9]);
  });

  it("is zero as a whole for zeros and for an amax too small for a tensor scale", () => {
    for (const values of [
      [0, -0],
      [2 ** -149, -(2 ** -149)],
    ]) {
      const { tensorScale, scales, values: got } = run(values);
      expect([tensorScale, [...scales], [...got]]).toEqual([0, [0], [0, -0]]);
    }
  });

  it("is NaN as a whole if NaN or Infinity is anywhere", () => {
    for (const bad of [Number.NaN, Infinity]) {
      const { tensorScale, scales, values } = run([...new Array(20).fill(1), bad]);
      expect([tensorScale, [...scales]]).toEqual([NaN, [NaN, NaN]]);
      expect([...values]).toEqual(new Array(21).fill(NaN));
    }
  });

  it("shares scales in tiles of 16 x 16", () => {
    const values = Float32Array.from({ length: 17 * 17 }, (_, i) => (i === 17 * 17 - 1 ? 2688 : 6));
    const { scales } = quantize(values, scaledFormat("nvfp4t16x16"), { shape: [17, 17] });
    expect([...scales]).toEqual([1, 1, 1, 448]);
  });

  it("agrees with its rules in exact arithmetic", () => {
    const near = fc.tuple(
      fc.constantFrom(0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 6),
      fc.integer({ min: -2, max: 2 }),
    );
    const value = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ min: -100, max: 100, noNaN: true }),
      near.map(([boundary, ulps]) => Math.fround(boundary * (1 + ulps * 2 ** -23))),
    );
    const tensor = fc.array(value, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(tensor, fc.integer({ min: -60, max: 20 }), (raw, exponent) => {
        const values = Float32Array.from(raw, (x) => x * 2 ** exponent);
        fc.pre(values.every(Number.isFinite));
        const expected = transcription(values);
        const { tensorScale, scales, values: got } = quantize(values, nvfp4);
        expect([tensorScale, [...scales]]).toEqual([expected.tensorScale, expected.scales]);
        expect([...got]).toEqual(expected.results);
      }),
      { numRuns: 300 },
    );
  });

  it("rounds the tensor scale once: FP64 division does not disturb the rounding to FP32", () => {
    fc.assert(
      fc.property(fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }), (amax) => {
        const exact = quotient(rational(amax), rational(2688));
        const scale = Math.fround(amax / 2688);
        const distance = (candidate: number) => {
          const { numerator, denominator } = rational(candidate);
          const difference = exact.numerator * denominator - numerator * exact.denominator;
          return {
            numerator: difference < 0n ? -difference : difference,
            denominator: denominator * exact.denominator,
          };
        };
        const bits = new Uint32Array(Float32Array.of(scale).buffer);
        const neighbour = (step: number) => new Float32Array(Uint32Array.of(bits[0] + step).buffer)[0];
        for (const other of [neighbour(1), ...(scale > 0 ? [neighbour(-1)] : [])])
          expect(compare(distance(scale), distance(other))).toBeLessThanOrEqual(0);
      }),
    );
  });
});
