/**
 * How the products of a GEMM or convolution are added up, where that is not left to the carrier's own fast path. Part of
 * contract.ts. Every profile is defined to the bit, so all kernel sets agree in every bit; docs/numerics.md, Accumulators.
 */
import type { FloatFormat, Overflow } from "../../formats/format.ts";

/**
 * `position` numbers the products of one output: k of a matrix product; (r, s, c) of conv2d; (r, s, k) of conv2dGradInput;
 * (n, oh, ow) of conv2dGradWeight, the last one fastest, c and k within the group. Positions in the padding, or between the
 * pixels of a strided gradient, are products with +0. All sums start at +0 and run in the order of positions.
 */
export type Accumulator =
  /** Exact products, sums in FP64, the last one rounded to FP32. */
  | { readonly kind: "fp64" }
  /**
   * As the instruction TDPBF16PS: 32 positions at a time (zeros behind the last), even = Σ of the even ones, odd = Σ of the
   * odd ones, each a chain of FP32 FMAs; then c = c + (even + odd). Every step is rounded nearestEven, and subnormal
   * operands and results become zeros of their sign. BF16 operands; matrix products only.
   */
  | { readonly kind: "amxBf16" }
  /**
   * As the instruction VDPBF16PS: two positions at a time (a zero behind the last), first c = c + odd product, then c = c +
   * even product, FP32 FMAs that flush as above. BF16 operands; matrix products only.
   */
  | { readonly kind: "vdpbf16" }
  /**
   * Chunk-based accumulation of Wang et al. 2018: within a chunk of `chunk` positions sum = round(sum + product), where the product is exact
   * and the sum rounded once, to nearest even of `format`; behind each chunk total = round(total + sum). chunk 0: one
   * chunk. Beyond the largest value: Infinity where the format has it, else the largest value.
   */
  | { readonly kind: "rounded"; readonly format: FloatFormat; readonly chunk: number }
  /**
   * Integer chains of Das et al. 2018, section 4, at a length that nothing proves safe: within a chunk of `chunk` positions (at
   * least 1) the products of the integers are added in INT32, which wraps modulo 2^32 as VPDPWSSD does; behind each chunk
   * total = total + sum, the sum converted to FP32 and the total in FP32, each rounded to nearest even. The last total is
   * multiplied by 2^(Ea + Eb) and rounded once. Carrier i16.
   */
  | { readonly kind: "int32Chain"; readonly chunk: number };

export type AccumulatorKind = Accumulator["kind"];

/** Same order as AccumulatorKind in native/include/accumulator.h. */
export const ACCUMULATOR_KINDS = [
  "fp64",
  "amxBf16",
  "vdpbf16",
  "rounded",
  "int32Chain",
] as const satisfies readonly AccumulatorKind[];

/** The overflow rule of a rounded accumulator. */
export function accumulatorOverflow(format: FloatFormat): Overflow {
  return format.hasInfinity ? "infinity" : "saturate";
}
