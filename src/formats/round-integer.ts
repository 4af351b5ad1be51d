/**
 * The seven rounding modes, once: a non-negative real becomes an integer. Every rounding of the project (to a float
 * format, to the integers of a shared exponent) scales its value by a power of two, comes here, and scales back.
 * Knows nothing of formats or overflow. Source: IEEE 754-2019 clause 4.3; round-to-odd and stochastic, docs/numerics.md.
 */
import { RoundoffError, require } from "../base/errors.ts";
import type { Rounding } from "./format.ts";

const TWO_32 = 2 ** 32;
export const MAX_RANDOM_BITS = 32;

/**
 * Rounds a finite magnitude ≥ 0 of a number whose sign is `negative` to an integer. Integers never move.
 * `random` (a uint32) and `randomBits` (1 to 32, default 32) are read by `stochastic` only; see `roundsUpAtRandom`.
 * @throws RoundoffError INVALID_ARGUMENT if `stochastic` has to round and `random` is missing.
 */
export function roundToInteger(
  magnitude: number,
  negative: boolean,
  rounding: Rounding,
  random?: number,
  randomBits?: number,
): number {
  const floor = Math.floor(magnitude);
  const fraction = magnitude - floor;
  return roundsUp(floor, fraction, negative, rounding, random, randomBits) ? floor + 1 : floor;
}

/** Whether the integer `floor` with a fraction in [0, 1) behind it goes up. Arguments as of `roundToInteger`. */
export function roundsUp(
  floor: number,
  fraction: number,
  negative: boolean,
  rounding: Rounding,
  random?: number,
  randomBits?: number,
): boolean {
  if (fraction === 0) return false;
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
      return roundsUpAtRandom(fraction, random, randomBits);
  }
  return rounding satisfies never;
}

/**
 * Stochastic rounding with r of the 32 bits of `word`: F = ⌊fraction · 2^32⌋ is rounded nearest-even to r bits, F_r, and
 * the top r bits of the word are R; up if and only if F_r + R ≥ 2^r. So the probability is F_r · 2^−r: as near to the
 * fraction as r bits allow, and unbiased, where taking the first r bits of F would favour down.
 */
function roundsUpAtRandom(fraction: number, word: number, r = MAX_RANDOM_BITS): boolean {
  requireRandomBits(r);
  const dropped = 2 ** (32 - r);
  const scaled = Math.floor(fraction * TWO_32) / dropped;
  return roundToInteger(scaled, false, "nearestEven") + Math.floor(word / dropped) >= 2 ** r;
}

/** @throws RoundoffError INVALID_ARGUMENT unless `stochastic` can use this number of random bits; absent is 32. */
export function requireRandomBits(randomBits = MAX_RANDOM_BITS): void {
  const valid = Number.isInteger(randomBits) && randomBits >= 1 && randomBits <= MAX_RANDOM_BITS;
  require(valid, "INVALID_ARGUMENT", () => ({
    what: "the number of random bits of stochastic rounding is out of range",
    expected: `an integer from 1 to ${MAX_RANDOM_BITS}`,
    received: String(randomBits),
  }));
}

function missingRandomness(): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: "stochastic rounding was given no random bits",
    expected: "a uint32 for each element",
    received: "undefined",
    hint: "Pass `random` (one value) or `randomAt` (an array), for example from roundingCursor().",
  });
}
