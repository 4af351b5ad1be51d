/**
 * The oracle: for a format, a rounding mode and an overflow rule, the whole of FP32 cut into runs, "every bit pattern
 * from here to there gives this result". Shares no code with src/formats/round.ts: exact integers, compared.
 */
import type { FloatFormat, Overflow } from "../../src/formats/format.ts";
import type { RoundingRule } from "./decide.ts";
import { takesUpper } from "./decide.ts";
import {
  exactOfPattern,
  INFINITY_PATTERN,
  NAN_PATTERN,
  patternBelow,
  patternOfExact,
  SIGN_PATTERN,
} from "./exact.ts";
import type { Ladder } from "./ladder.ts";
import { ladderOf } from "./ladder.ts";

/** Run i covers the patterns from firsts[i] to firsts[i + 1] − 1 (the last one to 2^32 − 1), in unsigned order. */
export interface Runs {
  readonly firsts: Uint32Array;
  /** FP32 patterns. A NaN stands for any NaN; its sign is that of the input. */
  readonly results: Uint32Array;
}

/**
 * For each rung, and last for the overflow, the first magnitude pattern that rounds to it. Starts with 0, whatever the
 * first rung is: in a format without zero everything below its smallest value becomes that value.
 */
export function boundariesOf(ladder: Ladder, rule: RoundingRule, negative: boolean): Uint32Array {
  const rungs = [...ladder.magnitudes, ladder.beyond];
  const firsts = new Uint32Array(rungs.length);
  for (let i = 1; i < rungs.length; i++) {
    firsts[i] = boundary(rungs[i - 1], rungs[i], negative, rule);
  }
  return firsts;
}

/** The first pattern above `lower` that rounds to `upper`. */
function boundary(lower: bigint, upper: bigint, negative: boolean, rule: RoundingRule): number {
  const end = patternOfExact(upper);
  const goesUp = (pattern: number): boolean =>
    pattern === end || takesUpper(exactOfPattern(pattern), { lower, upper }, negative, rule);
  let [low, high] = [patternOfExact(lower), end];
  const isFirst = (pattern: number): boolean =>
    pattern > low && pattern <= high && goesUp(pattern) && (pattern - 1 === low || !goesUp(pattern - 1));
  // Most modes have their boundary at an end or beside the middle; whatever the guess, isFirst proves it.
  const middle = patternBelow((lower + upper) / 2n);
  const guess = [middle, middle + 1, end, low + 1].find(isFirst);
  if (guess !== undefined) return guess;
  while (high - low > 1) {
    const between = low + Math.floor((high - low) / 2);
    if (goesUp(between)) high = between;
    else low = between;
  }
  return high;
}

export interface RunsRequest {
  readonly format: FloatFormat;
  readonly rule: RoundingRule;
  readonly overflow: Overflow;
}

/** @throws Error if the format's record contradicts itself (see ladderOf). */
export function runsOf({ format, rule, overflow }: RunsRequest): Runs {
  return assemble(format, overflow, boundariesOfBothSigns(format, rule));
}

/** What takes the time, and does not depend on the overflow rule. */
export interface SignedBoundaries {
  readonly ladder: Ladder;
  readonly positive: Uint32Array;
  readonly negative: Uint32Array;
}

export function boundariesOfBothSigns(format: FloatFormat, rule: RoundingRule): SignedBoundaries {
  const ladder = ladderOf(format);
  return {
    ladder,
    positive: boundariesOf(ladder, rule, false),
    negative: boundariesOf(ladder, rule, true),
  };
}

export function assemble(format: FloatFormat, overflow: Overflow, boundaries: SignedBoundaries): Runs {
  const runs: Run[] = [];
  const magnitudes = boundaries.ladder.magnitudes.map(patternOfExact);
  const overflowed = overflowPattern(magnitudes[magnitudes.length - 1], format, overflow);
  for (const sign of [0, SIGN_PATTERN]) {
    const firsts = sign === 0 ? boundaries.positive : boundaries.negative;
    if (sign !== 0 && !format.hasSign) {
      // −0 equals 0; what is below it is no number here.
      runs.push({ first: sign, result: magnitudes[0] }, { first: sign + 1, result: sign + NAN_PATTERN });
      continue;
    }
    magnitudes.forEach((magnitude, i) => {
      runs.push({ first: sign + firsts[i], result: signedResult(magnitude, sign, format) });
    });
    runs.push({ first: sign + firsts[magnitudes.length], result: sign + overflowed });
    runs.push({ first: sign + INFINITY_PATTERN + 1, result: sign + NAN_PATTERN });
  }
  return packRuns(runs);
}

export interface Run {
  readonly first: number;
  readonly result: number;
}

export function signedResult(magnitude: number, sign: number, format: FloatFormat): number {
  return magnitude === 0 && !format.hasNegativeZero ? 0 : sign + magnitude;
}

export function overflowPattern(largest: number, format: FloatFormat, overflow: Overflow): number {
  if (overflow === "saturate") return largest;
  return overflow === "infinity" && format.hasInfinity ? INFINITY_PATTERN : NAN_PATTERN;
}

/** Runs of no pattern at all are left out: where two rungs share a first pattern, the upper one has it. */
export function packRuns(runs: readonly Run[]): Runs {
  const kept = runs.filter(({ first }, i) => i + 1 === runs.length || runs[i + 1].first !== first);
  return {
    firsts: Uint32Array.from(kept, ({ first }) => first),
    results: Uint32Array.from(kept, ({ result }) => result),
  };
}

/** The index of the run that holds a pattern. */
export function runAt(runs: Runs, pattern: number): number {
  let [low, high] = [0, runs.firsts.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (runs.firsts[middle] <= pattern) low = middle;
    else high = middle;
  }
  return low;
}

/** Writes the results of the patterns first, first + 1, … into `target`. */
export function expandRuns(runs: Runs, first: number, target: Uint32Array): void {
  const end = first + target.length;
  for (let run = runAt(runs, first), from = first; from < end; run++) {
    const next = run + 1 < runs.firsts.length ? runs.firsts[run + 1] : 2 ** 32;
    target.fill(runs.results[run], from - first, Math.min(next, end) - first);
    from = next;
  }
}
