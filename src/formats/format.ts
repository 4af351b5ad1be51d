/**
 * The nouns: what a number format is, as plain data. Everything else about a format (range, ulp, tables of
 * values) is derived from these fields. Knows nothing of tensors or kernels.
 * Source of the field names: IEEE 754-2019 clause 3, OCP OFP8 1.0; see docs/numerics.md.
 */
import { exponentOf, powerOfTwo } from "./exponents.ts";

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
 * A binary floating-point format: value = (−1)^s · significand · 2^exponent, significand with `precision` bits, the
 * hidden one included. Every value is an FP32 value (fp64 alone is wider).
 */
export interface FloatFormat {
  readonly kind: "float";
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bits: number;
  readonly exponentBits: number;
  /** Significand bits including the hidden one: fp32 24, bf16 8, e4m3 4, e5m2 3, e8m0 1. */
  readonly precision: number;
  readonly bias: number;
  /** Largest finite magnitude; not derivable from the widths (E4M3 gives up one code for NaN only). */
  readonly maxFinite: number;
  /** False: no sign bit and no negative values (e8m0). */
  readonly hasSign: boolean;
  /** False: exponent field 0 holds ordinary powers of two, and there is neither zero nor a subnormal (e8m0). */
  readonly hasZero: boolean;
  readonly hasInfinity: boolean;
  readonly hasNaN: boolean;
  readonly hasNegativeZero: boolean;
  readonly hasSubnormals: boolean;
  /** The definition is a draft that may still change (P3109). */
  readonly draft?: true;
  /** Where the definition is written down. */
  readonly source: string;
}

/**
 * A posit: sign, regime of variable length, exponent, fraction; as an integer in two's complement its codes are in the
 * order of its values. One zero, one NaR (decoded as NaN), no infinity. Source: Posit Standard 2022.
 */
export interface PositFormat {
  readonly kind: "posit";
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bits: number;
  readonly exponentBits: 2;
  readonly source: string;
}

/**
 * Integers under a scale, value = scale · integer, |integer| ≤ 2^(bits−1) − 1 (never −2^(bits−1)). Where only the format
 * is named the scale is one power of two per tensor: dynamic fixed point, Das et al. 2018. `Scaling` has others.
 */
export interface FixedFormat {
  readonly kind: "fixed";
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bits: number;
  readonly source: string;
}

/** What the elements of a block share. */
export type BlockScale =
  /** A power of two with a code of 8 bits, 2^−127 … 2^127 or NaN: OCP MX. */
  | { readonly kind: "e8m0" }
  /** An integer exponent with the range that FP32 tensors need: block floating point. */
  | { readonly kind: "sharedExponent" }
  /** A float of `format` per block, times one FP32 number per tensor: NVFP4. */
  | { readonly kind: "twoLevel"; readonly format: FloatFormat };

/** Sizes along (the axis before the block axis, the block axis). Blocks at the ends are shorter where sizes do not divide. */
export interface BlockSize {
  readonly rows: number;
  readonly columns: number;
}

/** Blocks of elements under one scale each: value = scale · element. */
export interface BlockFormat {
  readonly kind: "block";
  readonly name: string;
  readonly aliases: readonly string[];
  /** Bits of one element; scales come on top. */
  readonly bits: number;
  readonly element: FloatFormat | FixedFormat;
  readonly scale: BlockScale;
  readonly block: BlockSize;
  readonly source: string;
}

/** Formats whose elements share scales: they are quantized; the others are rounded one element at a time. */
export type ScaledFormat = FixedFormat | BlockFormat;

export type NumberFormat = FloatFormat | PositFormat | ScaledFormat;

/** How the exponent of an MX block follows from its amax (block floating point: floor and ceil only). */
export const SCALE_RULES = ["floor", "ceil", "even", "roundUp", "nearest"] as const;
export type ScaleRule = (typeof SCALE_RULES)[number];

/**
 * How a fixed format is scaled. `powerOfTwo`: shared exponent, dynamic fixed point. `symmetric`: FP32 scale = amax /
 * largest integer. `affine`: FP32 scale and zero point from minimum and maximum, codes 0 … 2^bits − 1.
 */
export const SCALING_RULES = ["powerOfTwo", "symmetric", "affine"] as const;
export type ScalingRule = (typeof SCALING_RULES)[number];

export interface Scaling {
  readonly rule: ScalingRule;
  /** One scale for each index of this axis; absent: one for the tensor. */
  readonly axis?: number;
}

export function isScaled(format: NumberFormat): format is ScaledFormat {
  return format.kind === "fixed" || format.kind === "block";
}

/** Smallest normal exponent: 1 − bias, or −bias where exponent field 0 is an ordinary one. */
export function emin(format: FloatFormat): number {
  return (format.hasZero ? 1 : 0) - format.bias;
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
