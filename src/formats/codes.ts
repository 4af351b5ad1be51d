/**
 * Codes and values of every format whose values need no scale to be known: floats, posits, and integers (at scale 1).
 * The layouts are in float-codes.ts and posit.ts; here is what a user may ask. Knows nothing of rounding.
 */
import { RoundoffError, require } from "../base/errors.ts";
import { largestInteger } from "./dynamic-fixed-point.ts";
import { powerOfTwo } from "./exponents.ts";
import { decodeFloat, encodeFloat } from "./float-codes.ts";
import type { FixedFormat, FloatFormat, PositFormat } from "./format.ts";
import { decodePosit, encodePosit } from "./posit.ts";

export type CodedFormat = FloatFormat | PositFormat | FixedFormat;

export interface CodedValue {
  /** The bit pattern as an unsigned integer. */
  readonly code: number;
  readonly value: number;
}

/** `allValues` lists formats of at most this many bits. */
export const MAX_LISTED_BITS = 16;
/** Codes are numbers: 53 bits would be exact, but files, kernels and bit operations end here. */
const MAX_CODE_BITS = 32;

/**
 * The code of a value that `format` holds, as an unsigned integer (integers: two's complement). NaN gives the canonical
 * NaN: the quiet one without payload in formats with Infinity, the place of −0 in formats without −0, all ones below the
 * sign in the others; NaR in posits.
 * @throws RoundoffError INVALID_ARGUMENT if the format has no such value; round first. UNSUPPORTED above 32 bits.
 */
export function encode(value: number, format: CodedFormat): number {
  requireCodes(format);
  const code = codeOf(value, format);
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
 * @throws RoundoffError INVALID_ARGUMENT if `code` is not an integer of `format.bits` bits, or stands for no value;
 * UNSUPPORTED above 32 bits.
 */
export function decode(code: number, format: CodedFormat): number {
  requireCodes(format);
  const value = valueOfCode(code, format);
  if (value !== undefined) return value;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `not a code of ${format.name}`,
    expected: `an assigned integer from 0 to ${powerOfTwo(format.bits) - 1}`,
    received: String(code),
  });
}

/**
 * Every code of a format with its value, in the order of codes; codes that stand for no value are left out.
 * @throws RoundoffError INVALID_ARGUMENT (at the first step) for formats wider than MAX_LISTED_BITS.
 */
export function* allValues(format: CodedFormat): Generator<CodedValue, void> {
  require(format.bits <= MAX_LISTED_BITS, "INVALID_ARGUMENT", () => ({
    what: `${format.name} has too many values to list`,
    expected: `a format of at most ${MAX_LISTED_BITS} bits`,
    received: `${format.bits} bits`,
  }));
  for (let code = 0; code < powerOfTwo(format.bits); code++) {
    const value = valueOfCode(code, format);
    if (value !== undefined) yield { code, value };
  }
}

function codeOf(value: number, format: CodedFormat): number {
  switch (format.kind) {
    case "float":
      return encodeFloat(value, format);
    case "posit":
      return encodePosit(value, format);
    case "fixed":
      return value < 0 ? powerOfTwo(format.bits) + value : value + 0;
  }
}

/** Undefined: the code stands for no value. */
function valueOfCode(code: number, format: CodedFormat): number | undefined {
  if (!(Number.isInteger(code) && code >= 0 && code < powerOfTwo(format.bits))) return undefined;
  switch (format.kind) {
    case "float":
      return decodeFloat(code, format);
    case "posit":
      return decodePosit(code, format);
    case "fixed":
      return integerOf(code, format);
  }
}

/** −2^(bits−1) is a code that is never used. */
function integerOf(code: number, { bits }: FixedFormat): number | undefined {
  const integer = code < powerOfTwo(bits - 1) ? code : code - powerOfTwo(bits);
  return integer < -largestInteger(bits) ? undefined : integer;
}

function requireCodes(format: CodedFormat): void {
  require(format.bits <= MAX_CODE_BITS, "UNSUPPORTED", () => ({
    what: `codes of ${format.name} are too wide`,
    expected: `a format of at most ${MAX_CODE_BITS} bits`,
    received: `${format.bits} bits`,
  }));
}
