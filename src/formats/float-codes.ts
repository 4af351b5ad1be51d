/**
 * Codes of a float format: bit pattern ↔ value. The layout is sign, exponent field, trailing significand, high to low;
 * where Infinity and NaN live follows from the record. Knows nothing of rounding, and nothing of errors: undefined stands
 * for a code without value.
 * Source: IEEE 754-2019 clause 3.4; OCP OFP8 1.0 (no Infinity); OCP MX 1.0 (e8m0); P3109 draft (NaN in place of −0).
 */
import { exponentOf, powerOfTwo } from "./exponents.ts";
import type { FloatFormat } from "./format.ts";
import { emin } from "./format.ts";

/**
 * The code that `value` would have: decode it to know whether the format holds the value. NaN gives the canonical NaN:
 * the quiet one without payload in formats with Infinity, the place of −0 in formats without −0, and all ones below the
 * sign in the others.
 */
export function encodeFloat(value: number, format: FloatFormat): number {
  return Number.isNaN(value) ? canonicalNaN(format) : encodeSigned(value, format);
}

function encodeSigned(value: number, format: FloatFormat): number {
  const negative = value < 0 || Object.is(value, -0);
  return encodeMagnitude(Math.abs(value), format) + (negative ? signWeight(format) : 0);
}

/** The code below the sign bit; not an integer, or of another value, if the format cannot hold `magnitude`. */
function encodeMagnitude(magnitude: number, format: FloatFormat): number {
  if (magnitude === Infinity) return encodeMagnitude(format.maxFinite, format) + 1;
  const { precision, bias } = format;
  const exponent = exponentOf(magnitude);
  if (exponent < emin(format)) return magnitude * powerOfTwo(precision - 1 - emin(format));
  const trailing = (magnitude * powerOfTwo(-exponent) - 1) * powerOfTwo(precision - 1);
  return (exponent + bias) * powerOfTwo(precision - 1) + trailing;
}

/** The value of a code from 0 to 2^bits − 1; undefined if it stands for none. */
export function decodeFloat(code: number, format: FloatFormat): number | undefined {
  if (code >= powerOfTwo(format.bits)) return undefined;
  const weight = signWeight(format);
  const magnitudeCode = code % weight;
  const negative = code >= weight;
  if (negative && magnitudeCode === 0 && nanIsNegativeZero(format)) return format.hasNaN ? NaN : undefined;
  const magnitude = magnitudeOf(magnitudeCode, format);
  return magnitude !== undefined && negative ? -magnitude : magnitude;
}

function magnitudeOf(code: number, format: FloatFormat): number | undefined {
  if (!Number.isInteger(code)) return undefined;
  const { precision, bias } = format;
  const trailingCodes = powerOfTwo(precision - 1);
  const field = Math.floor(code / trailingCodes);
  const trailing = code % trailingCodes;
  if (field === 0 && trailing !== 0 && !format.hasSubnormals) return undefined;
  const isNormal = field > 0 || !format.hasZero;
  const significand = isNormal ? trailingCodes + trailing : trailing;
  const exponent = isNormal ? field - bias : emin(format);
  const value = significand * powerOfTwo(exponent - (precision - 1));
  return value <= format.maxFinite ? value : specialOf(code, format);
}

/** Codes above the largest finite one: Infinity first, then NaN if −0 has not given up its place to it. */
function specialOf(code: number, format: FloatFormat): number | undefined {
  if (format.hasInfinity && code === encodeMagnitude(Infinity, format)) return Infinity;
  return format.hasNaN && !nanIsNegativeZero(format) ? NaN : undefined;
}

function canonicalNaN(format: FloatFormat): number {
  if (nanIsNegativeZero(format)) return signWeight(format);
  if (!format.hasInfinity) return signWeight(format) - 1;
  return encodeMagnitude(Infinity, format) + powerOfTwo(format.precision - 2);
}

/** Signed formats without −0 have NaN (if any) in its place. */
function nanIsNegativeZero({ hasSign, hasNegativeZero }: FloatFormat): boolean {
  return hasSign && !hasNegativeZero;
}

/**
 * What the sign bit adds to a code, or would add if there were one. Arithmetic instead of bit operations, which end at 31
 * bits.
 */
function signWeight({ bits, hasSign }: FloatFormat): number {
  return powerOfTwo(hasSign ? bits - 1 : bits);
}
