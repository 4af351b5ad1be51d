/**
 * The accumulator profiles in readable arithmetic: one dot product at a time, every rounding written out. Knows nothing of
 * matrices and images. Truth: contract/accumulators.ts, docs/numerics.md; AMX as measured on the chip.
 */
import type { FloatFormat } from "../../formats/format.ts";
import { roundToFormat } from "../../formats/round.ts";
import { type Accumulator, accumulatorOverflow } from "../contract.ts";

/** Σ a[k]·b[k] in the order of k. The values are FP32 values, BF16 values for `amxBf16` and `vdpbf16`, integers for
 * `int32Chain`. */
export function accumulate(a: Float64Array, b: Float64Array, accumulator: Accumulator): number {
  switch (accumulator.kind) {
    case "fp64":
      return a.reduce((sum, x, k) => sum + x * b[k], 0);
    case "amxBf16":
      return amxBf16(a, b);
    case "vdpbf16":
      return vdpbf16(a, b);
    case "rounded":
      return rounded(a, b, accumulator.format, accumulator.chunk);
    case "int32Chain":
      return int32Chain(a, b, accumulator.chunk);
  }
  return accumulator satisfies never;
}

function rounded(a: Float64Array, b: Float64Array, format: FloatFormat, chunk: number): number {
  const overflow = accumulatorOverflow(format);
  const add = (x: number, y: number) => roundToFormat(addToOdd(x, y), format, "nearestEven", overflow);
  const length = chunk === 0 ? Math.max(1, a.length) : chunk;
  let total = 0;
  for (let first = 0; first < a.length; first += length) {
    const end = Math.min(a.length, first + length);
    let sum = 0;
    // The product of two FP32 values is exact in FP64.
    for (let k = first; k < end; k++) sum = add(sum, a[k] * b[k]);
    total = add(total, sum);
  }
  return total;
}

/** The values are integers of at most 15 bits and a sign, so products fit INT32; their sums need not. */
function int32Chain(a: Float64Array, b: Float64Array, chunk: number): number {
  let total = 0;
  for (let first = 0; first < a.length; first += chunk) {
    const end = Math.min(a.length, first + chunk);
    let sum = 0;
    for (let k = first; k < end; k++) sum = (sum + Math.imul(a[k], b[k])) | 0;
    total = Math.fround(total + Math.fround(sum));
  }
  return total;
}

const bits = new BigInt64Array(1);
const float64 = new Float64Array(bits.buffer);

/**
 * x + y rounded to odd: if the sum is not exact, the one of its two FP64 neighbours with an odd significand. Rounding that
 * to a format of at most 51 bits gives what rounding the exact sum gives, in every mode (Boldo and Melquiond 2008).
 */
export function addToOdd(x: number, y: number): number {
  const sum = x + y;
  // The error of the sum, exactly (Knuth's TwoSum); NaN where the sum is not finite.
  const back = sum - x;
  const error = x - (sum - back) + (y - back);
  float64[0] = sum;
  if (!(Math.abs(error) > 0) || (bits[0] & 1n) === 1n) return sum;
  // One step along the magnitudes, towards the exact sum.
  bits[0] += error > 0 === sum > 0 ? 1n : -1n;
  return float64[0];
}

const STEPS_PER_TILE = 32;

function amxBf16(a: Float64Array, b: Float64Array): number {
  let c = 0;
  for (let first = 0; first < a.length; first += STEPS_PER_TILE) {
    const chains = [0, 0];
    for (let i = 0; i < STEPS_PER_TILE; i++) {
      const k = first + i;
      const [x, y] = k < a.length ? [a[k], b[k]] : [0, 0];
      chains[i % 2] = flushedFma(x, y, chains[i % 2]);
    }
    c = flush(Math.fround(flush(c) + flush(Math.fround(chains[0] + chains[1]))));
  }
  return c;
}

function vdpbf16(a: Float64Array, b: Float64Array): number {
  let c = 0;
  for (let k = 0; k < a.length; k += 2) {
    c = k + 1 < a.length ? flushedFma(a[k + 1], b[k + 1], c) : flushedFma(0, 0, c);
    c = flushedFma(a[k], b[k], c);
  }
  return c;
}

/**
 * x · y + c rounded once to FP32, subnormals flushed before and after. In FP64 the product of BF16 values is exact, and the
 * sum to odd makes the rounding to FP32 the only one.
 */
function flushedFma(x: number, y: number, c: number): number {
  return flush(Math.fround(addToOdd(flush(x) * flush(y), flush(c))));
}

const MIN_NORMAL_FP32 = 2 ** -126;

/** Zero of the same sign for an FP32 subnormal. */
function flush(x: number): number {
  return Math.abs(x) < MIN_NORMAL_FP32 ? 0 * Math.sign(x) : x;
}
