/**
 * FP32 magnitudes as exact integers: a bit pattern is the number of 2^-149 (FP32's smallest step) that it stands for.
 * Part of the oracle, so it must not use anything of src/ but types. Source: IEEE 754-2019 clause 3.4.
 */

/** The pattern of +Infinity. As an exact number it counts as 2^128, the value that would stand there. */
export const INFINITY_PATTERN = 0x7f800000;
export const SIGN_PATTERN = 0x80000000;
/** The NaN that the oracle writes; a sign bit may come on top. */
export const NAN_PATTERN = 0x7fc00000;

/** 1 in units of 2^-149. */
export const ONE = 1n << 149n;

/** The magnitude of a pattern from 0 to INFINITY_PATTERN, in units of 2^-149. */
export function exactOfPattern(pattern: number): bigint {
  const field = pattern >>> 23;
  const trailing = BigInt(pattern & 0x7fffff);
  return field === 0 ? trailing : (trailing | 0x800000n) << BigInt(field - 1);
}

/**
 * The pattern of a magnitude given in units of 2^-149; 2^128 gives INFINITY_PATTERN.
 * @throws Error if no FP32 value equals it.
 */
export function patternOfExact(exact: bigint): number {
  const pattern = patternBelow(exact);
  if (pattern > INFINITY_PATTERN || exactOfPattern(pattern) !== exact) {
    throw new Error(`${exact} · 2^-149 is not an FP32 value`);
  }
  return pattern;
}

/** The largest pattern whose magnitude is at most `exact` (which may exceed FP32: then patterns beyond Infinity's). */
export function patternBelow(exact: bigint): number {
  const excess = bitLength(exact) - 24;
  if (excess <= 0) return Number(exact);
  return (excess << 23) + Number(exact >> BigInt(excess));
}

/** Bits of a non-negative integer: 0 for 0, n for numbers in [2^(n−1), 2^n). */
export function bitLength(integer: bigint): number {
  return integer === 0n ? 0 : integer.toString(2).length;
}

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** The pattern of an FP32 value held in a double. @throws Error if `value` is not an FP32 value. */
export function patternOfValue(value: number): number {
  floats[0] = value;
  if (!Object.is(floats[0], value)) throw new Error(`${value} is not an FP32 value`);
  return words[0];
}

export function valueOfPattern(pattern: number): number {
  words[0] = pattern;
  return floats[0];
}
