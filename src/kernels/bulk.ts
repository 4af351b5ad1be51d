/**
 * Whole arrays to and from number formats: the interface that the reference and the native bulk kernels share, outside
 * any plan. What each format means is in formats/; here is only how arrays, codes and scales are handed over.
 *
 * Layout: elements are row-major over `shape`. Scales are row-major over the shape with the blocked axes divided by the
 * block (rounded up). Codes are packed little-endian: two 4-bit codes a byte, the first in the low half; four 6-bit codes
 * in three bytes, the first in the lowest bits; other widths one code
 * in 1, 2 or 4 bytes. Integers are in two's complement of that width.
 */
import type { NumberFormat, Overflow, Rounding, ScaleRule } from "../formats/format.ts";
import type { RoundingStatistics } from "../formats/rounding-statistics.ts";
import type { TensorLayout } from "../formats/scaled/layout.ts";

/** What the random bits of `stochastic` are keyed by, beside the element's index: all uint32. */
export interface BulkKey {
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly step: number;
  readonly tensorId: number;
}

/** The format, and which elements share a scale where it has scales. */
export interface BulkLayout extends TensorLayout {
  readonly format: NumberFormat;
}

export interface BulkRequest extends BulkLayout {
  readonly rounding: Rounding;
  /** For float formats; elements under a scale always saturate. */
  readonly overflow: Overflow;
  /** Random bits of `stochastic`, 1 to 32. Default 32. */
  readonly randomBits?: number;
  /** Needed by `stochastic` only. */
  readonly key?: BulkKey;
  /** Formats with shared exponents. Default "floor". */
  readonly scaleRule?: ScaleRule;
  /** False: do not measure. Default true. */
  readonly statistics?: boolean;
}

/**
 * The codes of an array, with what is needed to read them.
 * `scales` as FP32 numbers: MX 2^E (NaN for the code 0xFF), shared exponents E themselves (EXPONENT_NOT_A_NUMBER for NaN),
 * NVFP4's decoded block scales, the real scales of symmetric and affine integers. Absent where a format has none.
 */
export interface EncodedArray {
  readonly codes: Uint8Array;
  readonly elements: number;
  readonly scales?: Float32Array;
  /** The second level of two-level scales. */
  readonly tensorScale?: number;
  /** Affine integers: one for each scale. */
  readonly zeroPoints?: Int32Array;
}

/** Counts and maxAbsError are equal in both sets; sqnrDb to 1e-9 relative. See RoundingStatistics for their meaning. */
export type BulkStatistics = RoundingStatistics;

export interface BulkKernels {
  readonly name: "reference" | "native";
  /**
   * target[i] = the value that source[i] has in the format. The arrays have one length and may be the same.
   * Gives the statistics unless the request turns them off.
   */
  round(source: Float32Array, target: Float32Array, request: BulkRequest): BulkStatistics | undefined;
  /** @throws RoundoffError as `round`; INVALID_ARGUMENT if a result has no code in the format. */
  encode(
    source: Float32Array,
    request: BulkRequest,
  ): EncodedArray & { readonly statistics: BulkStatistics | undefined };
  /** The values of codes; `layout` as it was encoded. */
  decode(encoded: EncodedArray, layout: BulkLayout): Float32Array;
}
