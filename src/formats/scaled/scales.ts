/**
 * The scales of a tensor: from the range of each group of elements to one number per group, and from that number back to
 * the step, the real number that a code of 1 stands for. Knows nothing of codes.
 * Source: OCP MX 1.0; Das et al. 2018 and Drumond et al. 2018 (shared exponents); NVIDIA 2025 (NVFP4).
 *
 * Quotients are FP64 divisions of FP32 numbers, rounded once more to the target. That second rounding never sees a wrong
 * neighbour: a quotient a/b of FP32 numbers that differs from a bound t with k significant bits does so by at least
 * 2^−(24+k) of itself (a and t·b are multiples of a common power of two), and an FP64 quotient is off by 2^−53 at most.
 * Here k ≤ 25: FP32 results, e4m3 results, and integers of at most 24 bits with their ties.
 */
import { require } from "../../base/errors.ts";
import { EXPONENT_NOT_A_NUMBER, largestInteger } from "../dynamic-fixed-point.ts";
import { powerOfTwo } from "../exponents.ts";
import type { BlockFormat, FixedFormat, FloatFormat, ScaledFormat, ScaleRule, Scaling } from "../format.ts";
import { roundToFormat } from "../round.ts";
import { roundToInteger } from "../round-integer.ts";
import { blockExponent, mxExponent } from "./scale-rules.ts";

/** What a group's scale is made from. NaN in `amax` if the group holds one; `min` ≤ 0 ≤ `max`. */
export interface GroupRange {
  readonly amax: number;
  readonly min: number;
  readonly max: number;
}

/** The numbers that are kept beside the codes. */
export interface Scales {
  /**
   * One for each group: 2^E for MX; the shared exponent E itself, or EXPONENT_NOT_A_NUMBER; the decoded lower level of
   * two-level scales; the real scale of symmetric and affine integers. NaN: the group is not a number.
   */
  readonly scales: Float32Array;
  /** The upper level of two-level scales, FP32. */
  readonly tensorScale?: number;
  /** Affine integers: the code of 0, one for each group. */
  readonly zeroPoints?: Int32Array;
}

/** The scales for groups of these ranges. */
export function scalesFor(
  ranges: readonly GroupRange[],
  format: ScaledFormat,
  { scaling, rule }: { readonly scaling?: Scaling; readonly rule?: ScaleRule },
): Scales {
  if (format.kind === "fixed") return integerScales(ranges, format.bits, scaling, rule);
  const { element, scale } = format;
  switch (scale.kind) {
    case "e8m0":
      return perGroup(ranges, ({ amax }) =>
        Number.isFinite(amax) ? powerOfTwo(mxExponent(amax, element, rule ?? "floor")) : NaN,
      );
    case "sharedExponent":
      return perGroup(ranges, ({ amax }) => blockExponent(amax, format.bits, rule ?? "floor"));
    case "twoLevel":
      refuseRule(rule, format.name);
      return twoLevelScales(ranges, largestElement(element), scale.format);
  }
}

/** The real number that code 1 of a group stands for; NaN where the group is not a number, 0 where everything is zero. */
export function stepOf(
  format: ScaledFormat,
  scaling: Scaling | undefined,
  { scales, tensorScale = 1 }: Scales,
  group: number,
): number {
  const scale = scales[group];
  if (format.kind === "fixed") return isPowerOfTwo(scaling) ? stepOfExponent(scale) : scale;
  switch (format.scale.kind) {
    case "e8m0":
      return scale * elementUnit(format);
    case "sharedExponent":
      return stepOfExponent(scale);
    case "twoLevel":
      // 4 bits times 24 bits: exact in a double.
      return scale * tensorScale;
  }
}

/** What element code 1 stands for under a scale of 1 (shared exponents: of 0): 2^−(bits − 2) for the integers of MX. */
export function elementUnit({ element, scale }: BlockFormat): number {
  return element.kind === "fixed" && scale.kind === "e8m0" ? powerOfTwo(2 - element.bits) : 1;
}

function stepOfExponent(exponent: number): number {
  return exponent === EXPONENT_NOT_A_NUMBER ? NaN : powerOfTwo(exponent);
}

function integerScales(
  ranges: readonly GroupRange[],
  bits: number,
  scaling: Scaling | undefined,
  rule: ScaleRule | undefined,
): Scales {
  if (isPowerOfTwo(scaling))
    return perGroup(ranges, ({ amax }) => blockExponent(amax, bits, rule ?? "floor"));
  refuseRule(rule, `int${bits} with scaling "${scaling?.rule}"`);
  if (scaling?.rule === "affine") return affineScales(ranges, bits);
  return perGroup(ranges, ({ amax }) => (Number.isFinite(amax) ? amax / largestInteger(bits) : NaN));
}

export function isPowerOfTwo(scaling: Scaling | undefined): boolean {
  return scaling === undefined || scaling.rule === "powerOfTwo";
}

/** scale = (max − min) / (2^bits − 1) and the code of 0, so that min and max, widened to hold 0, are the end codes. */
function affineScales(ranges: readonly GroupRange[], bits: number): Scales {
  const largestCode = powerOfTwo(bits) - 1;
  const { scales } = perGroup(ranges, ({ amax, min, max }) =>
    Number.isFinite(amax) ? (max - min) / largestCode : NaN,
  );
  const zeroPoints = Int32Array.from(ranges, ({ min }, group) => {
    const isNumber = scales[group] > 0;
    return isNumber ? Math.min(roundToInteger(-min / scales[group], false, "nearestEven"), largestCode) : 0;
  });
  return { scales, zeroPoints };
}

/**
 * Tensor scale = amax / (largest element · largest scale) in FP32; block scale = amaxBlock / (largest element · tensor
 * scale), rounded nearest-even and saturating. A tensor that holds NaN or Infinity is not a number as a whole.
 */
function twoLevelScales(ranges: readonly GroupRange[], largest: number, format: FloatFormat): Scales {
  const amax = ranges.reduce((most, range) => Math.max(most, range.amax), 0);
  const isNumber = Number.isFinite(amax);
  const tensorScale = isNumber ? Math.fround(amax / (largest * format.maxFinite)) : NaN;
  const { scales } = perGroup(ranges, (range) => {
    // An amax so small that the tensor scale underflows: everything is zero.
    if (!isNumber || tensorScale === 0) return tensorScale;
    return roundToFormat(range.amax / (largest * tensorScale), format, "nearestEven", "saturate");
  });
  return { scales, tensorScale };
}

function largestElement(element: FloatFormat | FixedFormat): number {
  return element.kind === "float" ? element.maxFinite : largestInteger(element.bits);
}

/** Storing in a Float32Array is the one rounding to FP32. */
function perGroup(ranges: readonly GroupRange[], scaleOf: (range: GroupRange) => number): Scales {
  return { scales: Float32Array.from(ranges, scaleOf) };
}

function refuseRule(rule: ScaleRule | undefined, name: string): void {
  require(rule === undefined, "INVALID_ARGUMENT", () => ({
    what: `a scale rule does not apply to ${name}`,
    expected: "no scale rule",
    received: String(rule),
  }));
}
