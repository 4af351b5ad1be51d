/**
 * Codes of a float format: bit pattern ↔ value. The layout is sign, exponent field, trailing significand, high to low;
 * where Infinity and NaN live follows from the record. Knows nothing of rounding: `encode` takes values of the format.
 * Source: IEEE 754-2019 clause 3.4; OCP OFP8 1.0 (no Infinity); P3109 draft (NaN in place of −0).
 */
import { RoundoffError, require } from "../base/errors.ts";
import { exponentOf, powerOfTwo } from "./exponents.ts";
import type { FloatFormat } from "./format.ts";
import { emin } from "./format.ts";

export interface CodedValue {
  /** The bit pattern as an unsigned integer. */
  readonly code: number;
  readonly value: number;
}

/** `allValues` lists formats of at most this many bits. */
export const MAX_LISTED_BITS = 16;

/**
 * The code of a value that `format` holds. NaN gives the canonical NaN: the quiet one without payload in formats with
 * Infinity, all ones below the sign in formats without, and the place of −0 in formats without −0.
 * @throws RoundoffError INVALID_ARGUMENT if the format has no such value; round first.
 */
export function encode(value: number, format: FloatFormat): number {
  const code = Number.isNaN(value) ? canonicalNaN(format) : encodeSigned(value, format);
  // Decoding settles every question of range at once: too large, too fine, −0 or Infinity that is not there.
  require(Object.is(valueOfCode(code, format), value), "INVALID_ARGUMENT", () => ({
    what: `${format.name} cannot hold this value exactly`,
    expected: `a value of ${format.name}`,
    received: Object.is(value, -0) ? "-0" : String(value),
    hint: "Round it first with roundToFormat().",
  }));
  return code;
}

/**
 * The value of a code.
 * @throws RoundoffError INVALID_ARGUMENT if `code` is not an integer of `format.bits` bits, or stands for no value.
 */
export function decode(code: number, format: FloatFormat): number {
  const inRange = Number.isInteger(code) && code >= 0 && code < signWeight(format) * 2;
  const value = inRange ? valueOfCode(code, format) : undefined;
  if (value !== undefined) return value;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `not a code of ${format.name}`,
    expected: `an assigned integer from 0 to ${signWeight(format) * 2 - 1}`,
    received: String(code),
  });
}

/**
 * Every code of a format with its value, in the order of codes; codes that stand for no value are left out.
 * @throws RoundoffError INVALID_ARGUMENT (at the first step) for formats wider than MAX_LISTED_BITS.
 */
export function* allValues(format: FloatFormat): Generator<CodedValue, void> {
  require(format.bits <= MAX_LISTED_BITS, "INVALID_ARGUMENT", () => ({
    what: `${format.name} has too many values to list`,
    expected: `a format of at most ${MAX_LISTED_BITS} bits`,
    received: `${format.bits} bits`,
  }));
  for (let code = 0; code < signWeight(format) * 2; code++) {
    const value = valueOfCode(code, format);
    if (value !== undefined) yield { code, value };
  }
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

/** Undefined: the code stands for no value. */
function valueOfCode(code: number, format: FloatFormat): number | undefined {
  const weight = signWeight(format);
  const magnitudeCode = code % weight;
  const negative = code >= weight;
  if (negative && magnitudeCode === 0 && !format.hasNegativeZero) return format.hasNaN ? NaN : undefined;
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
  const hidden = field === 0 ? 0 : trailingCodes;
  const value = (hidden + trailing) * powerOfTwo(Math.max(field, 1) - bias - (precision - 1));
  return value <= format.maxFinite ? value : specialOf(code, format);
}

/** Codes above the largest finite one: Infinity first, then NaN if −0 has not given up its place to it. */
function specialOf(code: number, format: FloatFormat): number | undefined {
  if (format.hasInfinity && code === encodeMagnitude(Infinity, format)) return Infinity;
  return format.hasNaN && format.hasNegativeZero ? NaN : undefined;
}

function canonicalNaN(format: FloatFormat): number {
  if (!format.hasNegativeZero) return signWeight(format);
  if (!format.hasInfinity) return signWeight(format) - 1;
  return encodeMagnitude(Infinity, format) + powerOfTwo(format.precision - 2);
}

/** 2^(bits − 1): what the sign bit adds to a code. Arithmetic instead of bit operations, which end at 31 bits. */
function signWeight(format: FloatFormat): number {
  return powerOfTwo(format.bits - 1);
}
