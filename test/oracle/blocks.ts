/**
 * The oracle for formats with scales: a literal transcription of docs/numerics.md in exact fractions, one group of elements
 * at a time. Patterns in, patterns out. Shares no code with src/formats/scaled/; it must not use anything of src/ but types.
 * Source: OCP MX 1.0, Drumond et al. 2018 (BFP), NVIDIA 2025 (NVFP4).
 */
import type { FloatFormat, ScaleRule } from "../../src/formats/format.ts";
import type { RoundingRule } from "./decide.ts";
import { INFINITY_PATTERN, NAN_PATTERN, patternOfValue, SIGN_PATTERN } from "./exact.ts";
import type { Rational } from "./rational.ts";
import {
  ceilLog2,
  compare,
  floorLog2,
  ofInteger,
  ofPattern,
  over,
  plus,
  powerOf2,
  roundToGrid,
  roundToMultiple,
  times,
  toFp32Pattern,
  ZERO,
} from "./rational.ts";

/** What elements are, in their own scale: a float format, or multiples of `step` up to `largest` steps. */
export type ElementKind =
  | { readonly kind: "float"; readonly format: FloatFormat }
  | { readonly kind: "integer"; readonly step: Rational; readonly largest: bigint };

/** Integers of MX count in 2^−(bits − 2). */
export function mxInteger(bits: number): ElementKind {
  return { kind: "integer", step: powerOf2(2 - bits), largest: largestInteger(bits) };
}

export function largestInteger(bits: number): bigint {
  return (1n << BigInt(bits - 1)) - 1n;
}

/** The rule for the element of an index; a fixed one, but for stochastic rounding. */
export type RuleAt = (index: number) => RoundingRule;

export interface GroupResult {
  /** The shared exponent; undefined if the group is not a number. */
  readonly exponent: number | undefined;
  readonly results: readonly number[];
}

/** One MX block. */
export function mxBlock(
  patterns: readonly number[],
  element: ElementKind,
  rule: ScaleRule,
  at: RuleAt,
): GroupResult {
  if (patterns.some(isNotFinite)) return notANumber(patterns);
  const exponent = mxExponentOf(amaxOf(patterns), element, rule);
  const scale = powerOf2(exponent);
  const keepsSign = element.kind === "float" && element.format.hasNegativeZero;
  const results = patterns.map((pattern, i) => {
    const negative = pattern >= SIGN_PATTERN;
    const quotient = over(ofPattern(pattern), scale);
    const rounded = roundToElement(quotient, element, negative, at(i));
    return signed(toFp32Pattern(times(rounded, scale)), negative, keepsSign);
  });
  return { exponent, results };
}

function mxExponentOf(amax: Rational, element: ElementKind, rule: ScaleRule): number {
  if (amax.numerator === 0n) return -127;
  return Math.max(-127, Math.min(127, wantedExponent(amax, element, rule)));
}

function wantedExponent(amax: Rational, element: ElementKind, rule: ScaleRule): number {
  const largest = largestOf(element);
  const emax = floorLog2(largest);
  switch (rule) {
    case "floor":
      return floorLog2(amax) - emax;
    case "ceil":
      return ceilLog2(amax) - emax;
    case "even":
      return floorLog2(nearest(amax, precisionOf(element))) - emax;
    case "roundUp":
      return ceilLog2(over(amax, largest));
    case "nearest":
      return floorLog2(nearest(amax, 1)) - emax;
  }
  return rule satisfies never;
}

/** amax rounded nearestEven to some significand bits, whatever its exponent. */
function nearest(amax: Rational, precision: number): Rational {
  return roundToGrid(amax, { precision, emin: -1000 }, false, { mode: "nearestEven" });
}

function largestOf(element: ElementKind): Rational {
  if (element.kind === "integer") return times(ofInteger(element.largest), element.step);
  return ofPattern(patternOfValue(element.format.maxFinite));
}

function precisionOf(element: ElementKind): number {
  // An integer with n magnitude bits has n significand bits at its upper end.
  return element.kind === "float" ? element.format.precision : element.largest.toString(2).length;
}

/** Rounded once to the element format, saturating. */
function roundToElement(x: Rational, element: ElementKind, negative: boolean, rule: RoundingRule): Rational {
  if (element.kind === "integer") {
    const integer = roundToMultiple(x, element.step, negative, rule);
    return times(clamped(integer, element.largest), element.step);
  }
  const { precision, bias } = element.format;
  const rounded = roundToGrid(x, { precision, emin: 1 - bias }, negative, rule);
  const largest = largestOf(element);
  return compare(rounded, largest) < 0 ? rounded : largest;
}

function clamped(integer: bigint, largest: bigint): Rational {
  // Math.min knows no bigint.
  if (integer > largest) return ofInteger(largest);
  return ofInteger(integer);
}

/** One block of block floating point, or a tensor of dynamic fixed point. */
export function fixedBlock(
  patterns: readonly number[],
  bits: number,
  scaleRule: "floor" | "ceil",
  at: RuleAt,
): GroupResult {
  if (patterns.some(isNotFinite)) return notANumber(patterns);
  const amax = amaxOf(patterns);
  const log2 = scaleRule === "floor" ? floorLog2 : ceilLog2;
  const exponent = amax.numerator === 0n ? 0 : log2(amax) - (bits - 2);
  const step = powerOf2(exponent);
  const largest = largestInteger(bits);
  const results = patterns.map((pattern, i) => {
    const negative = pattern >= SIGN_PATTERN;
    const integer = roundToMultiple(ofPattern(pattern), step, negative, at(i));
    return signed(toFp32Pattern(times(clamped(integer, largest), step)), negative, false);
  });
  return { exponent, results };
}

export interface TwoLevelResult {
  /** FP32 patterns. */
  readonly tensorScale: number;
  readonly blockScales: readonly number[];
  /** Of each block. */
  readonly results: readonly (readonly number[])[];
}

/** A whole NVFP4 tensor, block by block; `element` is e2m1 and `scaleFormat` e4m3. `at(b, i)`: element i of block b. */
export function twoLevelTensor(
  blocks: readonly (readonly number[])[],
  element: FloatFormat,
  scaleFormat: FloatFormat,
  at: (block: number, index: number) => RoundingRule,
): TwoLevelResult {
  if (blocks.flat().some(isNotFinite)) {
    const results = blocks.map((block) => notANumber(block).results);
    return { tensorScale: NAN_PATTERN, blockScales: blocks.map(() => NAN_PATTERN), results };
  }
  const kind: ElementKind = { kind: "float", format: element };
  const scaleKind: ElementKind = { kind: "float", format: scaleFormat };
  const largest = largestOf(kind);
  const tensorScale = toFp32Pattern(over(amaxOf(blocks.flat()), times(largest, largestOf(scaleKind))));
  const scales = blocks.map((block) => {
    if (tensorScale === 0) return ZERO;
    const wanted = over(amaxOf(block), times(largest, ofPattern(tensorScale)));
    return roundToElement(wanted, scaleKind, false, { mode: "nearestEven" });
  });
  const results = blocks.map((block, b) => {
    const step = times(scales[b], ofPattern(tensorScale));
    return block.map((pattern, i) => {
      const negative = pattern >= SIGN_PATTERN;
      if (step.numerator === 0n) return signed(0, negative, true);
      const rounded = roundToElement(over(ofPattern(pattern), step), kind, negative, at(b, i));
      return signed(toFp32Pattern(times(rounded, step)), negative, true);
    });
  });
  return { tensorScale, blockScales: scales.map(toFp32Pattern), results };
}

/** Integers under a real scale amax / largest, one group of elements. */
export function symmetricGroup(
  patterns: readonly number[],
  bits: number,
  at: RuleAt,
): { readonly scale: number; readonly results: readonly number[] } {
  if (patterns.some(isNotFinite)) return { scale: NAN_PATTERN, results: notANumber(patterns).results };
  const largest = largestInteger(bits);
  const scale = toFp32Pattern(over(amaxOf(patterns), ofInteger(largest)));
  const step = ofPattern(scale);
  const results = patterns.map((pattern, i) => {
    const negative = pattern >= SIGN_PATTERN;
    if (scale === 0) return 0;
    const integer = roundToMultiple(ofPattern(pattern), step, negative, at(i));
    return signed(toFp32Pattern(times(clamped(integer, largest), step)), negative, false);
  });
  return { scale, results };
}

export interface AffineResult {
  /** FP32 pattern. */
  readonly scale: number;
  readonly zeroPoint: number;
  readonly results: readonly number[];
}

/** Integers of 0 … 2^bits − 1 under a real scale and a code for zero, one group of elements. */
export function affineGroup(patterns: readonly number[], bits: number, at: RuleAt): AffineResult {
  if (patterns.some(isNotFinite)) {
    return { scale: NAN_PATTERN, zeroPoint: 0, results: notANumber(patterns).results };
  }
  const largestCode = (1n << BigInt(bits)) - 1n;
  const isNegative = (pattern: number) => pattern >= SIGN_PATTERN;
  const highest = amaxOf(patterns.filter((pattern) => !isNegative(pattern)));
  const lowest = amaxOf(patterns.filter(isNegative));
  const scale = toFp32Pattern(over(plus(highest, lowest), ofInteger(largestCode)));
  if (scale === 0) return { scale, zeroPoint: 0, results: patterns.map(() => 0) };
  const step = ofPattern(scale);
  const wanted = roundToMultiple(lowest, step, false, { mode: "nearestEven" });
  const zeroPoint = wanted > largestCode ? largestCode : wanted;
  const results = patterns.map((pattern, i) => {
    const steps = roundToMultiple(ofPattern(pattern), step, isNegative(pattern), at(i));
    const code = zeroPoint + (isNegative(pattern) ? -steps : steps);
    const clampedCode = code < 0n ? 0n : code > largestCode ? largestCode : code;
    const distance = clampedCode - zeroPoint;
    const magnitude = toFp32Pattern(times(ofInteger(distance < 0n ? -distance : distance), step));
    return signed(magnitude, distance < 0n, false);
  });
  return { scale, zeroPoint: Number(zeroPoint), results };
}

function amaxOf(patterns: readonly number[]): Rational {
  // FP32 magnitudes are in the order of their patterns.
  return ofPattern(patterns.reduce((most, pattern) => Math.max(most, pattern & 0x7fffffff), 0));
}

function isNotFinite(pattern: number): boolean {
  return (pattern & 0x7fffffff) >= INFINITY_PATTERN;
}

function notANumber(patterns: readonly number[]): GroupResult {
  return { exponent: undefined, results: patterns.map(() => NAN_PATTERN) };
}

function signed(magnitude: number, negative: boolean, keepsZeroSign: boolean): number {
  return negative && (magnitude !== 0 || keepsZeroSign) ? magnitude + SIGN_PATTERN : magnitude;
}
