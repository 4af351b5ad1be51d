/**
 * Dynamic fixed point: a whole tensor becomes integers with one shared exponent, value = integer · 2^exponent. The
 * readable truth for the kernels' `quantizeDynamicFixed`. Knows nothing of layers or accumulation.
 * Source: Das et al. 2018.
 */
import { require } from "../base/errors.ts";
import { exponentOf, powerOfTwo, scaleByPowerOfTwo } from "./exponents.ts";
import type { Rounding } from "./format.ts";
import { roundToInteger } from "./round-integer.ts";

/** The shared exponent that marks a tensor with NaN or Infinity in it: no real exponent is near it. */
export const EXPONENT_NOT_A_NUMBER = 2 ** 30;

export interface DynamicFixedTensor {
  /** The shared exponent, or EXPONENT_NOT_A_NUMBER. */
  readonly exponent: number;
  /** |integer| ≤ 2^(bits−1) − 1; all zero if the exponent is EXPONENT_NOT_A_NUMBER. */
  readonly integers: Int32Array;
  /** How many integers were clamped. */
  readonly saturated: number;
}

/** The largest integer of `bits` bits that is used, 2^(bits−1) − 1. Its negative is the smallest: never −2^(bits−1). */
export function largestInteger(bits: number): number {
  return powerOfTwo(bits - 1) - 1;
}

/**
 * The shared exponent for a tensor whose largest magnitude is `amax`: floor(log2 amax) − (bits − 2), so that amax has
 * `bits` − 1 magnitude bits; 0 if amax is 0; EXPONENT_NOT_A_NUMBER if it is NaN or Infinity.
 * @throws RoundoffError INVALID_ARGUMENT unless bits is an integer from 2 to 32.
 */
export function sharedExponent(amax: number, bits: number): number {
  require(Number.isInteger(bits) && bits >= 2 && bits <= 32, "INVALID_ARGUMENT", () => ({
    what: "the width of a dynamic fixed point format is out of range",
    expected: "an integer number of bits from 2 to 32",
    received: String(bits),
  }));
  if (!Number.isFinite(amax)) return EXPONENT_NOT_A_NUMBER;
  return amax === 0 ? 0 : exponentOf(amax) - (bits - 2);
}

/** Largest magnitude of an array; NaN if it holds NaN, 0 if it is empty. */
export function amaxOf(values: Float32Array | Float64Array): number {
  let amax = 0;
  for (const value of values) {
    const magnitude = Math.abs(value);
    // Written so that NaN is taken, and kept.
    if (!(magnitude <= amax)) amax = magnitude;
    if (Number.isNaN(amax)) return amax;
  }
  return amax;
}

/**
 * Integers and shared exponent of a tensor: integer = round(value · 2^−exponent), clamped to ±(2^(bits−1) − 1), which
 * happens when an amax just below a power of two rounds up. `randomAt(element)` gives the uint32 that `stochastic`
 * needs for an element.
 */
export function quantizeDynamicFixed(
  values: Float32Array | Float64Array,
  bits: number,
  rounding: Rounding,
  randomAt?: (element: number) => number,
): DynamicFixedTensor {
  const exponent = sharedExponent(amaxOf(values), bits);
  const integers = new Int32Array(values.length);
  let saturated = 0;
  if (exponent === EXPONENT_NOT_A_NUMBER) return { exponent, integers, saturated };
  const largest = largestInteger(bits);
  for (let element = 0; element < values.length; element++) {
    const value = values[element];
    const magnitude = scaleByPowerOfTwo(Math.abs(value), -exponent);
    const random = rounding === "stochastic" ? randomAt?.(element) : undefined;
    const integer = roundToInteger(magnitude, value < 0, rounding, random);
    if (integer > largest) saturated++;
    integers[element] = Math.min(integer, largest) * (value < 0 ? -1 : 1);
  }
  return { exponent, integers, saturated };
}

/** The value of an integer: exact in FP32 for up to 25 bits, when the tensor it came from was FP32. NaN for the mark. */
export function dequantizeDynamicFixed(integer: number, exponent: number): number {
  return exponent === EXPONENT_NOT_A_NUMBER ? NaN : scaleByPowerOfTwo(integer, exponent);
}
