/**
 * Exponents and powers of two from the bits of a double: never log2, never pow, so never wrong just below a power of
 * two. Knows nothing of formats.
 */

const float64View = new DataView(new ArrayBuffer(8));

/** floor(log2 |x|), exactly, for finite non-zero doubles: from the bits, never from log2. */
export function exponentOf(x: number): number {
  float64View.setFloat64(0, x);
  const biased = (float64View.getUint32(0) >>> 20) & 0x7ff;
  if (biased !== 0) return biased - 1023;
  const high = float64View.getUint32(0) & 0xfffff;
  const low = float64View.getUint32(4);
  return high !== 0 ? 31 - Math.clz32(high) - 1042 : 31 - Math.clz32(low) - 1074;
}

const MIN_NORMAL_DOUBLE = 2.2250738585072014e-308;

/** 2^exponent for an integer exponent, from the bits: 0 below 2^−1074, Infinity above 2^1023. */
export function powerOfTwo(exponent: number): number {
  if (exponent > 1023) return Infinity;
  // Each factor is a power of two, so their product is exact down to the smallest subnormal.
  if (exponent < -1022) return exponent < -1074 ? 0 : powerOfTwo(exponent + 1022) * MIN_NORMAL_DOUBLE;
  float64View.setUint32(0, (exponent + 1023) << 20);
  float64View.setUint32(4, 0);
  return float64View.getFloat64(0);
}

/** x · 2^exponent by two factors where one would leave the range of a double. */
export function scaleByPowerOfTwo(x: number, exponent: number): number {
  if (exponent >= -1022 && exponent <= 1023) return signed(x * powerOfTwo(exponent), x);
  const half = Math.trunc(exponent / 2);
  return signed(x * powerOfTwo(half) * powerOfTwo(exponent - half), x);
}

/** A double far below a huge amax may vanish; the directed modes must still see that it was not zero. */
function signed(scaled: number, x: number): number {
  return scaled === 0 && x !== 0 ? Math.sign(x) * Number.MIN_VALUE : scaled;
}
