/**
 * Posits: code ↔ value, and rounding, which acts on the bits of the code. Knows nothing of other formats.
 * Source: Standard for Posit Arithmetic (2022), sections 3 and 4.1. A code of n bits, not 0 and not NaR, is in two's
 * complement; its magnitude is regime · exponent · fraction: a run of equal bits closed by the other bit, 2 bits of
 * exponent, then the fraction. A run of m zeros stands for the power 16^−m, of m ones for 16^(m−1).
 */
import { exponentOf, powerOfTwo } from "./exponents.ts";
import type { PositFormat, Rounding } from "./format.ts";
import { roundsUp } from "./round-integer.ts";

/** Bits of a double's fraction that are kept apart; the rest only counts as "not zero". */
const KEPT_FRACTION = 2 ** 49;

/** maxpos: 16^(bits − 2). Its reciprocal is minpos. */
export function largestPosit({ bits, exponentBits }: PositFormat): number {
  return powerOfTwo((bits - 2) * 2 ** exponentBits);
}

/**
 * The posit that stands for `x`. Never 0 or NaR for a number that is not: beyond maxpos it is maxpos, below minpos
 * minpos, in every mode. NaN and ±Infinity give NaN (NaR); there is one zero.
 * In between the code is cut after `bits` bits and each mode decides by the bits that are cut off, as the standard says
 * for nearest-even. Where exponent bits are cut off, this is not the nearest value, and stochastic rounding not unbiased.
 */
export function roundToPosit(
  x: number,
  format: PositFormat,
  rounding: Rounding,
  random?: number,
  randomBits?: number,
): number {
  if (!Number.isFinite(x)) return NaN;
  if (x === 0) return 0;
  const code = roundMagnitude(Math.abs(x), x < 0, format, rounding, random, randomBits);
  const magnitude = decodeMagnitude(code, format);
  return x < 0 ? -magnitude : magnitude;
}

/** The code of the rounded magnitude, from 1 (minpos) to 2^(bits − 1) − 1 (maxpos). */
function roundMagnitude(
  magnitude: number,
  negative: boolean,
  format: PositFormat,
  rounding: Rounding,
  random: number | undefined,
  randomBits: number | undefined,
): number {
  const largest = largestPosit(format);
  if (magnitude >= largest) return powerOfTwo(format.bits - 1) - 1;
  if (magnitude <= 1 / largest) return 1;
  const { prefix, payload } = unrounded(magnitude, format);
  const kept = Math.floor(payload);
  const up = roundsUp(prefix + kept, payload - kept, negative, rounding, random, randomBits);
  return prefix + kept + (up ? 1 : 0);
}

/**
 * The code before it is cut: the regime as the integer `prefix`, exponent and fraction as the real number `payload`, both
 * in units of the code's last bit. minpos < magnitude < maxpos, so the whole regime fits.
 */
function unrounded(
  magnitude: number,
  { bits, exponentBits }: PositFormat,
): { readonly prefix: number; readonly payload: number } {
  const powers = 2 ** exponentBits;
  const exponent = exponentOf(magnitude);
  const regime = Math.floor(exponent / powers);
  const regimeLength = regime >= 0 ? regime + 2 : 1 - regime;
  const left = bits - 1 - regimeLength;
  // `regime` + 1 ones and a zero, or −`regime` zeros and a one.
  const regimeBits = regime >= 0 ? powerOfTwo(regimeLength) - 2 : 1;
  const fraction = stickyFraction(magnitude * powerOfTwo(-exponent) - 1);
  const exponentAndFraction = exponent - regime * powers + fraction;
  return {
    prefix: regimeBits * powerOfTwo(left),
    payload: exponentAndFraction * powerOfTwo(left - exponentBits),
  };
}

/** Leaves room for the exponent in a double: what is below 2^−49 becomes one bit that says so. */
function stickyFraction(fraction: number): number {
  const scaled = fraction * KEPT_FRACTION;
  const kept = Math.floor(scaled);
  return (kept === scaled ? kept : kept + 0.5) / KEPT_FRACTION;
}

/** The code of a value; decode it to know whether the format holds the value. */
export function encodePosit(value: number, format: PositFormat): number {
  if (Number.isNaN(value)) return powerOfTwo(format.bits - 1);
  if (value === 0) return 0;
  const code = roundMagnitude(Math.abs(value), false, format, "towardZero", undefined, undefined);
  return value < 0 ? powerOfTwo(format.bits) - code : code;
}

/** The value of a code from 0 to 2^bits − 1. */
export function decodePosit(code: number, format: PositFormat): number {
  const notReal = powerOfTwo(format.bits - 1);
  if (code === 0) return 0;
  if (code === notReal) return NaN;
  return code < notReal
    ? decodeMagnitude(code, format)
    : -decodeMagnitude(powerOfTwo(format.bits) - code, format);
}

/** The value of a code below the sign bit, from 1 to 2^(bits − 1) − 1. */
function decodeMagnitude(code: number, { bits, exponentBits }: PositFormat): number {
  const body = code.toString(2).padStart(bits - 1, "0");
  const run = body.search(body[0] === "1" ? "0" : "1");
  const runLength = run === -1 ? body.length : run;
  const regime = body[0] === "1" ? runLength - 1 : -runLength;
  const rest = body.slice(runLength + 1);
  // Bits that were cut off are zeros.
  const exponent = Number.parseInt(rest.slice(0, exponentBits).padEnd(exponentBits, "0"), 2);
  const fraction = rest.slice(exponentBits);
  const significand = 1 + (fraction === "" ? 0 : Number.parseInt(fraction, 2) / 2 ** fraction.length);
  return significand * powerOfTwo(regime * 2 ** exponentBits + exponent);
}
