/**
 * Rounds a real number to a format: value in, value out, one rounding from the exact double. The readable truth
 * that every kernel is tested against. Knows nothing of codes, arrays or scales.
 * Source: IEEE 754-2019 clauses 4.3 and 7.4; overflow rules, OCP OFP8 1.0.
 */

import { exponentOf, scaleByPowerOfTwo } from "./exponents.ts";
import type { FloatFormat, Overflow, PositFormat, Rounding } from "./format.ts";
import { emin, minNormal } from "./format.ts";
import { roundToPosit } from "./posit.ts";
import { roundToInteger } from "./round-integer.ts";

/**
 * The value of `format` that stands for `x`, any double.
 *
 * - Subnormals are gradual. A format without subnormals has only 0 below its smallest normal, and the same rounding
 *   mode chooses between the two. A format without zero gives its smallest value for what would be 0.
 * - Overflow is decided after rounding with an unbounded exponent, for every mode alike (towardZero too): above
 *   `maxFinite`, and for ±Infinity, `saturate` gives ±maxFinite, `infinity` ±Infinity (NaN if the format has
 *   none), `nan` NaN.
 * - NaN stays NaN, also where the format has no code for it: `encode` refuses it then, nothing hides it. A number
 *   below zero is NaN in a format without sign.
 * - The sign of zero is kept if the format has −0; otherwise every zero is +0.
 * - Posits: see posit.ts. They saturate whatever `overflow` says.
 * - `random`, a uint32, is needed by `stochastic` only; `randomBits` of it are used (default 32). See `roundToInteger`.
 *
 * @throws RoundoffError INVALID_ARGUMENT if `stochastic` has to round and `random` is missing.
 */
export function roundToFormat(
  x: number,
  format: FloatFormat | PositFormat,
  rounding: Rounding,
  overflow: Overflow,
  random?: number,
  randomBits?: number,
): number {
  if (format.kind === "posit") return roundToPosit(x, format, rounding, random, randomBits);
  if (Number.isNaN(x) || (x < 0 && !format.hasSign)) return NaN;
  const negative = x < 0 || Object.is(x, -0);
  const rounded = roundUnbounded(Math.abs(x), negative, format, rounding, random, randomBits);
  const magnitude = rounded <= format.maxFinite ? rounded : overflowed(format, overflow);
  if (magnitude === 0 && !format.hasZero) return minNormal(format);
  return negative && (magnitude !== 0 || format.hasNegativeZero) ? -magnitude : magnitude;
}

/**
 * |x| rounded as if `format` had no largest exponent; Infinity stays. It overflows if the result exceeds `maxFinite`.
 * `magnitude` is ≥ 0 and not NaN.
 */
export function roundUnbounded(
  magnitude: number,
  negative: boolean,
  format: FloatFormat,
  rounding: Rounding,
  random?: number,
  randomBits?: number,
): number {
  if (magnitude === Infinity) return magnitude;
  const quantum = quantumExponent(magnitude, format);
  // Scaling by powers of two is exact here: the quotient is below 2^precision, and rounding it is the only rounding.
  const quotient = scaleByPowerOfTwo(magnitude, -quantum);
  return scaleByPowerOfTwo(roundToInteger(quotient, negative, rounding, random, randomBits), quantum);
}

/** log2 of the spacing of the format's values around `magnitude`. */
function quantumExponent(magnitude: number, format: FloatFormat): number {
  const exponent = exponentOf(magnitude);
  const smallest = emin(format);
  if (exponent >= smallest) return exponent - (format.precision - 1);
  return format.hasSubnormals ? smallest - (format.precision - 1) : smallest;
}

function overflowed(format: FloatFormat, overflow: Overflow): number {
  switch (overflow) {
    case "saturate":
      return format.maxFinite;
    case "infinity":
      return format.hasInfinity ? Infinity : NaN;
    case "nan":
      return NaN;
  }
  return overflow satisfies never;
}
