/**
 * Compares results with the oracle bit for bit. One licence: where the oracle says NaN any NaN will do, since neither the
 * payload nor the sign of a NaN is part of the contract. Zeros must have the right sign.
 */

export interface Mismatch {
  readonly input: number;
  readonly expected: number;
  readonly actual: number;
}

export interface Comparison {
  readonly mismatches: number;
  /** The first few, as FP32 patterns. */
  readonly first: readonly Mismatch[];
}

const SHOWN = 5;
const MAGNITUDE = 0x7fffffff;
const INFINITY = 0x7f800000;

/** All arrays hold FP32 patterns; `inputAt` names the input of an index. */
export function compareResults(
  actual: Uint32Array,
  expected: Uint32Array,
  inputAt: (index: number) => number,
): Comparison {
  if (asBytes(actual).equals(asBytes(expected))) return { mismatches: 0, first: [] };
  const first: Mismatch[] = [];
  let mismatches = 0;
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] === expected[i] || (isNaNPattern(actual[i]) && isNaNPattern(expected[i]))) continue;
    if (mismatches++ < SHOWN) first.push({ input: inputAt(i), expected: expected[i], actual: actual[i] });
  }
  return { mismatches, first };
}

export function mergeComparisons(a: Comparison, b: Comparison): Comparison {
  return { mismatches: a.mismatches + b.mismatches, first: [...a.first, ...b.first].slice(0, SHOWN) };
}

export const NO_MISMATCH: Comparison = { mismatches: 0, first: [] };

/** `0x7f7fffff → 0x7f7f0000, not 0x7f800000`: input, what came, what the oracle says. */
export function showMismatch({ input, expected, actual }: Mismatch): string {
  return `${hex(input)} → ${hex(actual)}, not ${hex(expected)}`;
}

function hex(pattern: number): string {
  return `0x${pattern.toString(16).padStart(8, "0")}`;
}

function isNaNPattern(pattern: number): boolean {
  return (pattern & MAGNITUDE) > INFINITY;
}

function asBytes(words: Uint32Array): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}
