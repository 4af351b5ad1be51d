/**
 * Rounds whole arrays and says what that did to them. Knows nothing of files or kernels; randomness is an argument.
 * Truth: round.ts, applied element by element. Formats with scales: scaled/quantize.ts.
 */
import { require } from "../base/errors.ts";
import type { FloatFormat, Overflow, PositFormat, Rounding } from "./format.ts";
import { minNormal } from "./format.ts";
import { largestPosit } from "./posit.ts";
import { roundToFormat, roundUnbounded } from "./round.ts";
import { requireRandomBits } from "./round-integer.ts";
import type { RoundingStatistics } from "./rounding-statistics.ts";
import { gatherStatistics } from "./rounding-statistics.ts";

export type FloatArray = Float32Array | Float64Array;

/** The uint32 for an element of the array; `roundingCursor` makes one from a seed. Needed by `stochastic` only. */
export type RandomAt = (element: number) => number;

export interface RoundArrayOptions {
  readonly format: FloatFormat | PositFormat;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly randomAt?: RandomAt;
  /** Random bits of `stochastic`, 1 to 32. Default: 32. */
  readonly randomBits?: number;
}

/**
 * Rounds each element of `source` once into `target` (which may be `source`).
 * @throws RoundoffError SHAPE_MISMATCH if the lengths differ, INVALID_ARGUMENT if `stochastic` comes without `randomAt` or
 * with an impossible number of random bits.
 */
export function roundArray(
  source: FloatArray,
  target: FloatArray,
  options: RoundArrayOptions,
): RoundingStatistics {
  const { format, rounding, overflow, randomAt, randomBits } = options;
  requireSameLength(source, target);
  requireRandomBits(randomBits);
  const statistics = gatherStatistics();
  const smallest = format.kind === "posit" ? 1 / largestPosit(format) : minNormal(format);
  let saturated = 0;
  for (let element = 0; element < source.length; element++) {
    const x = source[element];
    const random = rounding === "stochastic" ? randomAt?.(element) : undefined;
    const result = roundToFormat(x, format, rounding, overflow, random, randomBits);
    target[element] = result;
    statistics.add(x, result, smallest);
    if (saturates(x, options, random)) saturated++;
  }
  return statistics.finish(saturated);
}

/** True if `x` becomes the largest magnitude because it overflowed. */
function saturates(
  x: number,
  { format, rounding, overflow, randomBits }: RoundArrayOptions,
  random: number | undefined,
): boolean {
  const magnitude = Math.abs(x);
  if (format.kind === "posit") return magnitude > largestPosit(format) && magnitude < Infinity;
  if (overflow !== "saturate" || !(magnitude > format.maxFinite) || (x < 0 && !format.hasSign)) return false;
  return roundUnbounded(magnitude, x < 0, format, rounding, random, randomBits) > format.maxFinite;
}

function requireSameLength(source: FloatArray, target: FloatArray): void {
  require(source.length === target.length, "SHAPE_MISMATCH", () => ({
    what: "source and target of a rounding differ in length",
    expected: `${source.length} elements`,
    received: `${target.length} elements`,
  }));
}
