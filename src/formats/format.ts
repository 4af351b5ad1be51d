/**
 * The nouns: what a number format is, as plain data. Everything else about a format (range, ulp, tables of
 * values) is derived from these fields. Knows nothing of tensors or kernels.
 * Source of the field names: IEEE 754-2019 clause 3, OCP OFP8 1.0; see docs/numerics.md.
 */

/** How a value between two neighbours is resolved. The tie rule is part of the name. */
export const ROUNDINGS = [
  "nearestEven",
  "nearestAway",
  "towardZero",
  "towardPositive",
  "towardNegative",
  "toOdd",
  "stochastic",
] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** What becomes of a value that is too large after rounding. Independent of the rounding mode. */
export const OVERFLOWS = ["saturate", "infinity", "nan"] as const;
export type Overflow = (typeof OVERFLOWS)[number];

/**
 * A binary floating-point format of at most 32 bits.
 * value = (−1)^s · significand · 2^exponent, significand with `precision` bits, the hidden one included.
 */
export interface FloatFormat {
  readonly kind: "float";
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bits: number;
  readonly exponentBits: number;
  /** Significand bits including the hidden one: fp32 24, bf16 8, e4m3 4, e5m2 3. */
  readonly precision: number;
  readonly bias: number;
  /** Largest finite magnitude; not derivable from the widths (E4M3 gives up one code for NaN only). */
  readonly maxFinite: number;
  readonly hasInfinity: boolean;
  readonly hasNaN: boolean;
  readonly hasNegativeZero: boolean;
  readonly hasSubnormals: boolean;
  /** Where the definition is written down. */
  readonly source: string;
}

/**
 * Dynamic fixed point: a tensor of `bits`-bit integers that share one exponent chosen from the tensor's amax;
 * value = integer · 2^sharedExponent, |integer| ≤ 2^(bits−1) − 1. Source: Das et al. 2018, section 3.
 */
export interface DynamicFixedFormat {
  readonly kind: "fixed";
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bits: number;
  readonly source: string;
}

export type NumberFormat = FloatFormat | DynamicFixedFormat;

/** Smallest normal exponent: 1 − bias. */
export function emin(format: FloatFormat): number {
  return 1 - format.bias;
}

/** Largest normal exponent, read off `maxFinite`. */
export function emax(format: FloatFormat): number {
  return exponentOf(format.maxFinite);
}

/** Spacing of the subnormals: the smallest positive value of a format that has them. */
export function minSubnormal(format: FloatFormat): number {
  return powerOfTwo(emin(format) - (format.precision - 1));
}

export function minNormal(format: FloatFormat): number {
  return powerOfTwo(emin(format));
}

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
