/**
 * Exact non-negative fractions of big integers, and rounding them once. The arithmetic of the oracle for scaled formats;
 * it must not use anything of src/ but types.
 */
import type { RoundingRule } from "./decide.ts";
import { takesUpper } from "./decide.ts";
import { bitLength, exactOfPattern, INFINITY_PATTERN, ONE, patternOfExact } from "./exact.ts";

/** numerator / denominator, not reduced; denominator > 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const ZERO: Rational = { numerator: 0n, denominator: 1n };

export function ofInteger(integer: bigint | number): Rational {
  return { numerator: BigInt(integer), denominator: 1n };
}

/** The magnitude of a finite FP32 pattern; its sign bit is ignored. */
export function ofPattern(pattern: number): Rational {
  return { numerator: exactOfPattern(pattern & 0x7fffffff), denominator: ONE };
}

export function powerOf2(exponent: number): Rational {
  return exponent >= 0
    ? ofInteger(1n << BigInt(exponent))
    : { numerator: 1n, denominator: 1n << BigInt(-exponent) };
}

export function times(a: Rational, b: Rational): Rational {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

export function plus(a: Rational, b: Rational): Rational {
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

/** @throws RangeError if `b` is zero. */
export function over(a: Rational, b: Rational): Rational {
  if (b.numerator === 0n) throw new RangeError("division by zero");
  return { numerator: a.numerator * b.denominator, denominator: a.denominator * b.numerator };
}

/** Negative, zero or positive, as a − b is. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** ⌊log2 a⌋ of a > 0. */
export function floorLog2(a: Rational): number {
  const guess = bitLength(a.numerator) - bitLength(a.denominator);
  return compare(a, powerOf2(guess)) >= 0 ? guess : guess - 1;
}

/** ⌈log2 a⌉ of a > 0. */
export function ceilLog2(a: Rational): number {
  const floor = floorLog2(a);
  return compare(a, powerOf2(floor)) === 0 ? floor : floor + 1;
}

/** A multiple of `spacing`, as the integer that it is multiplied with. */
export function roundToMultiple(
  a: Rational,
  spacing: Rational,
  negative: boolean,
  rule: RoundingRule,
): bigint {
  const { numerator, denominator } = over(a, spacing);
  const floor = numerator / denominator;
  if (floor * denominator === numerator) return floor;
  const between = { lower: floor * denominator, upper: (floor + 1n) * denominator };
  return takesUpper(numerator, between, negative, rule) ? floor + 1n : floor;
}

export interface FloatGrid {
  readonly precision: number;
  /** Smallest normal exponent; subnormals lie below. */
  readonly emin: number;
}

/** Rounded as to a float format without a largest exponent. */
export function roundToGrid(a: Rational, grid: FloatGrid, negative: boolean, rule: RoundingRule): Rational {
  if (a.numerator === 0n) return ZERO;
  const exponent = Math.max(floorLog2(a), grid.emin) - (grid.precision - 1);
  const spacing = powerOf2(exponent);
  return times(ofInteger(roundToMultiple(a, spacing, negative, rule)), spacing);
}

const FP32: FloatGrid = { precision: 24, emin: -126 };

/** The FP32 pattern nearest to a magnitude (ties to even), Infinity beyond FP32's range. */
export function toFp32Pattern(a: Rational): number {
  const { numerator, denominator } = roundToGrid(a, FP32, false, { mode: "nearestEven" });
  const exact = (numerator * ONE) / denominator;
  return exact >= exactOfPattern(INFINITY_PATTERN) ? INFINITY_PATTERN : patternOfExact(exact);
}
