/**
 * The oracle for one input: where stochastic rounding gives every element a word of its own, there are no runs. The same
 * ladder and the same decision as runs.ts.
 */
import type { FloatFormat, Overflow } from "../../src/formats/format.ts";
import type { RoundingRule } from "./decide.ts";
import { takesUpper } from "./decide.ts";
import { exactOfPattern, INFINITY_PATTERN, NAN_PATTERN, patternOfExact, SIGN_PATTERN } from "./exact.ts";
import type { Ladder } from "./ladder.ts";
import { ladderOf } from "./ladder.ts";
import { overflowPattern, signedResult } from "./runs.ts";

export type PointOracle = (pattern: number, rule: RoundingRule) => number;

/** FP32 pattern and rule → FP32 pattern. For formats with sign and zero. */
export function pointOracle(format: FloatFormat, overflow: Overflow): PointOracle {
  const ladder = ladderOf(format);
  const overflowed = overflowPattern(patternOfExact(ladder.magnitudes.at(-1) ?? 0n), format, overflow);
  return (pattern, rule) => {
    const sign = pattern >= SIGN_PATTERN ? SIGN_PATTERN : 0;
    const magnitude = pattern - sign;
    if (magnitude > INFINITY_PATTERN) return sign + NAN_PATTERN;
    const rung = rungFor(exactOfPattern(magnitude), ladder, sign !== 0, rule);
    const isOverflow = magnitude === INFINITY_PATTERN || rung === ladder.magnitudes.length;
    if (isOverflow) return sign + overflowed;
    return signedResult(patternOfExact(ladder.magnitudes[rung]), sign, format);
  };
}

/** The index of the magnitude that `x` rounds to; that of `beyond` follows the last. */
function rungFor(x: bigint, { magnitudes, beyond }: Ladder, negative: boolean, rule: RoundingRule): number {
  if (x >= beyond) return magnitudes.length;
  const below = lastAtMost(x, magnitudes);
  if (magnitudes[below] === x) return below;
  const between = { lower: magnitudes[below], upper: magnitudes[below + 1] ?? beyond };
  return takesUpper(x, between, negative, rule) ? below + 1 : below;
}

function lastAtMost(x: bigint, magnitudes: readonly bigint[]): number {
  let [low, high] = [0, magnitudes.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (magnitudes[middle] <= x) low = middle;
    else high = middle;
  }
  return low;
}
