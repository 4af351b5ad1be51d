/**
 * Philox4x32-10: a counter-based generator. The same counter and key give the same four words on any machine, in any
 * order and on any thread, so nothing random in Roundoff has hidden state. Knows nothing of what its words are for.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; the C++ kernels compute the same words.
 */

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Key increments: the golden ratio and √3 − 1, as 32-bit fractions. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const TWO_MINUS_32 = 2 ** -32;

/**
 * Writes the four uint32 words of counter (c0, c1, c2, c3) under key (k0, k1) to `out[0…3]`. All arguments are
 * taken modulo 2^32.
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
): void {
  let [x0, x1, x2, x3] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
  let [key0, key1] = [k0 | 0, k1 | 0];
  for (let round = 0; round < ROUNDS; round++) {
    const low0 = Math.imul(MULTIPLIER_0, x0) >>> 0;
    const low1 = Math.imul(MULTIPLIER_1, x2) >>> 0;
    const high0 = highWord(MULTIPLIER_0, x0, low0);
    const high1 = highWord(MULTIPLIER_1, x2, low1);
    x0 = (high1 ^ x1 ^ key0) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ key1) >>> 0;
    x3 = low0;
    key0 = (key0 + WEYL_0) | 0;
    key1 = (key1 + WEYL_1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/**
 * The upper half of the 64-bit product a · b, given its lower half. The double a · b is within 2^11 of the product, so
 * (a · b − low) · 2^−32 is within 2^−20 of the integer that is wanted: rounding to the nearest cannot miss it.
 */
function highWord(a: number, b: number, low: number): number {
  return Math.floor((a * b - low) * TWO_MINUS_32 + 0.5);
}
