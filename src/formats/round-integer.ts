/**
 * The seven rounding modes, once: a non-negative real becomes an integer. Every rounding of the project (to a float
 * format, to the integers of a shared exponent) scales its value by a power of two, comes here, and scales back.
 * Knows nothing of formats or overflow. Source: IEEE 754-2019 clause 4.3; round-to-odd and stochastic, docs/numerics.md.
 */
import { RoundoffError } from "../base/errors.ts";
import type { Rounding } from "./format.ts";

const TWO_32 = 2 ** 32;

/**
 * Rounds a finite magnitude ≥ 0 of a number whose sign is `negative` to an integer. Integers never move.
 * `random` (a uint32) is read by `stochastic` only: with d the fraction of the magnitude, it rounds up if and only if
 * floor(d · 2^32) + random ≥ 2^32. A word whose low 32 − r bits are zero gives stochastic rounding with r random bits.
 */
export function roundToInteger(
  magnitude: number,
  negative: boolean,
  rounding: Rounding,
  random?: number,
): number {
  const floor = Math.floor(magnitude);
  const fraction = magnitude - floor;
  if (fraction === 0) return floor;
  return roundsUp(floor, fraction, negative, rounding, random) ? floor + 1 : floor;
}

function roundsUp(
  floor: number,
  fraction: number,
  negative: boolean,
  rounding: Rounding,
  random: number | undefined,
): boolean {
  switch (rounding) {
    case "nearestEven":
      return fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1);
    case "nearestAway":
      return fraction >= 0.5;
    case "towardZero":
      return false;
    case "towardPositive":
      return !negative;
    case "towardNegative":
      return negative;
    case "toOdd":
      return floor % 2 === 0;
    case "stochastic":
      if (random === undefined) throw missingRandomness();
      return Math.floor(fraction * TWO_32) + random >= TWO_32;
  }
  return rounding satisfies never;
}

function missingRandomness(): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: "stochastic rounding was given no random bits",
    expected: "a uint32 for each element",
    received: "undefined",
    hint: "Pass `random` (one value) or `randomAt` (an array), for example from roundingCursor().",
  });
}
