/**
 * Rounds whole arrays and says what that did to them: the reference behind `roundoff convert`. Knows nothing of files or
 * kernels; randomness is an argument. Truth: round.ts and dynamic-fixed-point.ts, applied element by element.
 */
import { require } from "../base/errors.ts";
import {
  dequantizeDynamicFixed,
  EXPONENT_NOT_A_NUMBER,
  quantizeDynamicFixed,
} from "./dynamic-fixed-point.ts";
import { powerOfTwo } from "./exponents.ts";
import type { FixedFormat, FloatFormat, Overflow, Rounding } from "./format.ts";
import { minNormal } from "./format.ts";
import { roundToFormat, roundUnbounded } from "./round.ts";
import type { RoundingStatistics } from "./rounding-statistics.ts";
import { gatherStatistics } from "./rounding-statistics.ts";

export type FloatArray = Float32Array | Float64Array;

/** The uint32 for an element of the array; `roundingCursor` makes one from a seed. Needed by `stochastic` only. */
export type RandomAt = (element: number) => number;

/**
 * Rounds each element of `source` once into `target` (which may be `source`).
 * @throws RoundoffError SHAPE_MISMATCH if the lengths differ, INVALID_ARGUMENT if `stochastic` comes without `randomAt`.
 */
export function roundArray(
  source: FloatArray,
  target: FloatArray,
  format: FloatFormat,
  rounding: Rounding,
  overflow: Overflow,
  randomAt?: RandomAt,
): RoundingStatistics {
  requireSameLength(source, target);
  const statistics = gatherStatistics();
  const smallestNormal = minNormal(format);
  let saturated = 0;
  for (let element = 0; element < source.length; element++) {
    const x = source[element];
    const random = rounding === "stochastic" ? randomAt?.(element) : undefined;
    const result = roundToFormat(x, format, rounding, overflow, random);
    target[element] = result;
    statistics.add(x, result, smallestNormal);
    const tooLarge = overflow === "saturate" && Math.abs(x) > format.maxFinite;
    if (tooLarge && roundUnbounded(Math.abs(x), x < 0, format, rounding, random) > format.maxFinite)
      saturated++;
  }
  return statistics.finish(saturated);
}

export interface DynamicFixedRounding {
  /** The shared exponent of the whole array, or EXPONENT_NOT_A_NUMBER. */
  readonly exponent: number;
  readonly integers: Int32Array;
  /** `underflowed` counts the changed inputs below the spacing 2^exponent. */
  readonly statistics: RoundingStatistics;
}

/**
 * Rounds `source` as one dynamic-fixed-point tensor into `target` (integer · 2^exponent; all NaN if `source` has NaN
 * or Infinity). `target` may be `source`.
 * @throws RoundoffError as `roundArray`.
 */
export function roundArrayDynamicFixed(
  source: FloatArray,
  target: FloatArray,
  format: FixedFormat,
  rounding: Rounding,
  randomAt?: RandomAt,
): DynamicFixedRounding {
  requireSameLength(source, target);
  const { exponent, integers, saturated } = quantizeDynamicFixed(source, format.bits, rounding, randomAt);
  // A tensor that is not a number has no spacing to fall below.
  const statistics = gatherStatistics();
  const spacing = exponent === EXPONENT_NOT_A_NUMBER ? 0 : powerOfTwo(exponent);
  for (let element = 0; element < source.length; element++) {
    const x = source[element];
    const result = dequantizeDynamicFixed(integers[element], exponent);
    target[element] = result;
    statistics.add(x, result, spacing);
  }
  return { exponent, integers, statistics: statistics.finish(saturated) };
}

function requireSameLength(source: FloatArray, target: FloatArray): void {
  require(source.length === target.length, "SHAPE_MISMATCH", () => ({
    what: "source and target of a rounding differ in length",
    expected: `${source.length} elements`,
    received: `${target.length} elements`,
  }));
}
