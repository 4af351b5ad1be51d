/**
 * The magnitudes that a float format holds, listed as exact integers in ascending order: the ladder on which the oracle
 * rounds. Built from the format's record alone; it must not use anything of src/ but types.
 * Source: IEEE 754-2019 clause 3.4: value = significand · 2^(exponent field − bias − (precision − 1)).
 */
import type { FloatFormat } from "../../src/formats/format.ts";
import { bitLength, exactOfPattern, patternOfValue } from "./exact.ts";

export interface Ladder {
  /** Every finite magnitude, ascending, in units of 2^-149. The first is 0 if the format has it. */
  readonly magnitudes: readonly bigint[];
  /** Where the next rung would be if the exponent had no upper end: what rounds to it overflows. */
  readonly beyond: bigint;
}

/** log2 of the unit in which magnitudes are counted. */
const UNIT = -149;

/** @throws Error if the record contradicts itself: its largest value is not `maxFinite`, or is no FP32 value. */
export function ladderOf(format: FloatFormat): Ladder {
  const largest = exactOfPattern(patternOfValue(format.maxFinite));
  const magnitudes = [...magnitudesUpTo(largest, format)];
  if (magnitudes.at(-1) !== largest) {
    throw new Error(`${format.name}: maxFinite ${format.maxFinite} is not one of its values`);
  }
  const ulp = 1n << BigInt(bitLength(largest) - format.precision);
  return { magnitudes, beyond: largest + ulp };
}

function* magnitudesUpTo(largest: bigint, format: FloatFormat): Generator<bigint> {
  const hidden = 1 << (format.precision - 1);
  for (let field = 0; field < 1 << format.exponentBits; field++) {
    // Field 0 lies on the grid of field 1, without the hidden bit; unless the format has no zero: then it is like others.
    const hasHidden = field > 0 || !format.hasZero;
    const exponent = (hasHidden ? field : 1) - format.bias - (format.precision - 1);
    for (let trailing = 0; trailing < hidden; trailing++) {
      if (!hasHidden && trailing !== 0 && !format.hasSubnormals) break;
      const magnitude = scaled(hasHidden ? hidden + trailing : trailing, exponent);
      if (magnitude > largest) return;
      yield magnitude;
    }
  }
}

/** significand · 2^exponent in units of 2^-149. */
function scaled(significand: number, exponent: number): bigint {
  const shift = exponent - UNIT;
  if (shift >= 0) return BigInt(significand) << BigInt(shift);
  const exact = BigInt(significand) >> BigInt(-shift);
  if (exact << BigInt(-shift) !== BigInt(significand)) {
    throw new Error(`${significand} · 2^${exponent} is finer than FP32`);
  }
  return exact;
}
