/**
 * Which of two neighbours a real number rounds to, by comparing exact integers: no quotient, no floating point. It must
 * not use anything of src/ but types. Source: IEEE 754-2019 clause 4.3; the stochastic law, docs/numerics.md.
 */
import type { Rounding } from "../../src/formats/format.ts";

export interface RoundingRule {
  readonly mode: Rounding;
  /** For `stochastic`: the element's word, a uint32. */
  readonly word?: number;
  /** For `stochastic`: how many of the word's top bits count, 1 to 32 (default 32). */
  readonly randomBits?: number;
}

/** Two neighbours on the ladder; `upper` − `lower` is a power of two and divides `lower`. */
export interface Interval {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Whether a number of magnitude `x` and sign `negative`, strictly between two neighbouring magnitudes, takes the upper
 * one. For a fixed rule the answer changes at most once, from no to yes, as `x` grows.
 */
export function takesUpper(x: bigint, between: Interval, negative: boolean, rule: RoundingRule): boolean {
  const { lower, upper } = between;
  const gap = upper - lower;
  const twice = 2n * (x - lower);
  // In units of the gap `lower` is the integer significand, so its lowest bit tells even from odd.
  const lowerIsOdd = (lower / gap) % 2n === 1n;
  switch (rule.mode) {
    case "nearestEven":
      return twice > gap || (twice === gap && lowerIsOdd);
    case "nearestAway":
      return twice >= gap;
    case "towardZero":
      return false;
    case "towardPositive":
      return !negative;
    case "towardNegative":
      return negative;
    case "toOdd":
      return !lowerIsOdd;
    case "stochastic":
      return stochasticUp(x - lower, gap, rule);
  }
  return rule.mode satisfies never;
}

/** F = ⌊d · 2^32⌋, rounded nearestEven to r bits; up if and only if F_r + R ≥ 2^r, with R the top r bits of the word. */
function stochasticUp(distance: bigint, gap: bigint, { word, randomBits = 32 }: RoundingRule): boolean {
  if (word === undefined) throw new Error("stochastic rounding needs a word");
  const fraction = (distance << 32n) / gap;
  const dropped = 1n << BigInt(32 - randomBits);
  const [quotient, rest] = [fraction / dropped, fraction % dropped];
  const carry = 2n * rest > dropped || (2n * rest === dropped && quotient % 2n === 1n) ? 1n : 0n;
  const top = BigInt(word) / dropped;
  return quotient + carry + top >= 1n << BigInt(randomBits);
}
