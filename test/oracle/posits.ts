/**
 * The oracle for posits: every magnitude as an exact integer, and the border between neighbours, which is the posit of one
 * more bit that lies between them. Must not use anything of src/ but types.
 * Source: Standard for Posit Arithmetic 2022, sections 3.2 and 4.1.
 */
import type { Rounding } from "../../src/formats/format.ts";
import { exactOfPattern, INFINITY_PATTERN, NAN_PATTERN, ONE, patternOfExact, SIGN_PATTERN } from "./exact.ts";
import { compare, ofInteger, ofPattern, powerOf2, type Rational, times } from "./rational.ts";
import type { Runs } from "./runs.ts";
import { packRuns } from "./runs.ts";

/** The value of a positive code of `bits` bits. */
function positValue(code: bigint, bits: number): Rational {
  const bitAt = (position: number): number => (position < 0 ? 0 : Number((code >> BigInt(position)) & 1n));
  let position = bits - 2;
  const first = bitAt(position);
  let run = 0;
  for (; position >= 0 && bitAt(position) === first; position--) run++;
  position--;
  const regime = first === 1 ? run - 1 : -run;
  const exponent = 4 * regime + 2 * bitAt(position) + bitAt(position - 1);
  position -= 2;
  const fractionBits = BigInt(Math.max(0, position + 1));
  const significand = (1n << fractionBits) + (code & ((1n << fractionBits) - 1n));
  return times(ofInteger(significand), powerOf2(exponent - Number(fractionBits)));
}

/** The magnitude of a positive code of `bits` bits, in units of 2^-149. */
export function positMagnitude(code: number, bits: number): bigint {
  const { numerator, denominator } = positValue(BigInt(code), bits);
  return (numerator * ONE) / denominator;
}

/** log2 of the parts into which stochastic rounding divides what lies between two codes. */
const CUT_BITS = 32;

/**
 * For stochastic rounding: the code at or below a finite magnitude and the bits that follow it, as many as an element's word
 * has, found by asking of posits that are longer and longer which of two is at most the number.
 */
export function positCut(magnitude: number, bits: number): { readonly code: number; readonly cut: bigint } {
  const x = ofPattern(magnitude);
  const largest = 2 ** (bits - 1) - 1;
  let code = 0n;
  for (let length = 2; length <= bits + CUT_BITS; length++) {
    const longer = 2n * code + 1n;
    code = compare(positValue(longer, length), x) <= 0 ? longer : 2n * code;
  }
  const cut = code % (1n << BigInt(CUT_BITS));
  const whole = Number(code >> BigInt(CUT_BITS));
  // Beyond the ends there is nothing to decide: never zero, never more than the largest.
  if (whole === 0) return { code: 1, cut: 0n };
  return whole === largest ? { code: largest, cut: 0n } : { code: whole, cut };
}

/** FP32 cut into runs; any mode but stochastic. Overflow rules do not apply to posits. */
export function positRuns(bits: number, mode: Exclude<Rounding, "stochastic">): Runs {
  const largest = 2 ** (bits - 1) - 1;
  const runs = [0, SIGN_PATTERN].flatMap((sign) => {
    const of = (code: number) => sign + patternOfExact(positMagnitude(code, bits));
    const codes = Array.from({ length: largest - 1 }, (_, i) => i + 2);
    return [
      { first: sign, result: 0 },
      { first: sign + 1, result: of(1) },
      ...codes.map((code) => ({ first: sign + firstOf(code, bits, mode, sign !== 0), result: of(code) })),
      { first: sign + INFINITY_PATTERN, result: sign + NAN_PATTERN },
    ];
  });
  return packRuns(runs);
}

/** The first magnitude pattern that rounds to `code` rather than to the code before it. */
function firstOf(
  code: number,
  bits: number,
  mode: Exclude<Rounding, "stochastic">,
  negative: boolean,
): number {
  const [lower, upper] = [code - 1, code].map((c) => patternOfExact(positMagnitude(c, bits)));
  const middle = positMagnitude(2 * code - 1, bits + 1);
  const lowerIsOdd = (code - 1) % 2 === 1;
  switch (mode) {
    case "nearestEven":
      return firstPattern(lower, upper, (x) => x > middle || (x === middle && lowerIsOdd));
    case "nearestAway":
      return firstPattern(lower, upper, (x) => x >= middle);
    case "towardZero":
      return upper;
    case "towardPositive":
      return negative ? upper : lower + 1;
    case "towardNegative":
      return negative ? lower + 1 : upper;
    case "toOdd":
      return lowerIsOdd ? upper : lower + 1;
  }
  return mode satisfies never;
}

/** The first pattern above `lower` whose magnitude passes a test that `upper` passes and `lower` does not. */
function firstPattern(lower: number, upper: number, passes: (x: bigint) => boolean): number {
  let [low, high] = [lower, upper];
  while (high - low > 1) {
    const between = (low + high) >>> 1;
    if (passes(exactOfPattern(between))) high = between;
    else low = between;
  }
  return high;
}
