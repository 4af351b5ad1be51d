/**
 * Which FP32 patterns to try when not all of them are: around every boundary of the oracle's runs, and a stride that
 * shares no factor with 2^32 across the whole domain.
 */
import type { Runs } from "./runs.ts";

export interface SampleOptions {
  /** Patterns on each side of a boundary. */
  readonly margin: number;
  /** Every `stride`-th pattern of all 2^32; odd. */
  readonly stride: number;
  /** Take every `thin`-th boundary (default 1: all); those next to zero, overflow and Infinity are always taken. */
  readonly thin?: number;
}

const DOMAIN = 2 ** 32;
/** Boundaries at each end of a sign's half that thinning spares. */
const SPARED = 40;

export function samplePatterns({ firsts }: Runs, { margin, stride, thin = 1 }: SampleOptions): Uint32Array {
  const negativeHalf = firsts.indexOf(0x80000000);
  const taken = firsts.filter((_, i) => {
    const nearAnEnd = [0, negativeHalf, firsts.length].some((end) => Math.abs(i - end) < SPARED);
    return nearAnEnd || i % thin === 0;
  });
  const around = taken.length * (2 * margin + 1);
  const patterns = new Uint32Array(around + Math.ceil(DOMAIN / stride));
  let count = 0;
  for (const first of taken) {
    // Uint32Array takes numbers modulo 2^32, so a boundary at 0 also tries the last patterns.
    for (let offset = -margin; offset <= margin; offset++) patterns[count++] = first + offset;
  }
  for (let pattern = 0; pattern < DOMAIN; pattern += stride) patterns[count++] = pattern;
  return patterns;
}
