/**
 * Operations that combine the elements along axes: sums, extremes, norms, softmax, running sums.
 * What each computes is in its comment: inputs → outputs. Part of contract.ts, which says what holds for all.
 */

export const REDUCE_KINDS = ["max", "min", "prod", "logSumExp", "norm1", "norm2", "variance"] as const;
export type ReduceKind = (typeof REDUCE_KINDS)[number];

export interface ReduceAttrs {
  readonly kind: ReduceKind;
  /** variance only: it divides by the number of elements − correction (1: unbiased). Absent: 0. */
  readonly correction?: number;
  readonly axes: readonly number[];
}

export interface SoftmaxAttrs {
  readonly axis: number;
  /** The logarithm of the softmax. */
  readonly log: boolean;
}

export interface ReductionAttrs {
  /** x → Σ x over `axes`, kept as size 1. Accumulated in FP64 chunks (reference) or pairwise FP32 (native). */
  reduceSum: { readonly axes: readonly number[] };
  /**
   * x → y over `axes`, kept as size 1; NaN if one element is. Accumulated in FP64, rounded once. norm1: Σ|x|; norm2:
   * √Σx²; logSumExp: with the maximum taken out; variance: Σ(x − mean)²/(n − correction). Over no elements: max −Inf, min
   * +Inf, prod 1, logSumExp −Inf, norms 0, variance NaN.
   */
  reduce: ReduceAttrs;
  /**
   * gy, x → gx, with the result y computed again from x. max, min: gy shared equally by the elements that equal y (as
   * PyTorch's amax). prod: gy · the product of the others. logSumExp: gy·e^(x − y). norm1: gy·sign x. norm2: gy·x/y, 0
   * where y is 0. variance: gy·2(x − mean)/(n − correction).
   */
  reduceGrad: ReduceAttrs;
  /** x → e^(x − max) / Σ e^(x − max) along `axis`; log: x − max − log Σ e^(x − max). */
  softmax: SoftmaxAttrs;
  /** y, gy → gx. softmax: y·(gy − Σ y·gy); log: gy − e^y·Σ gy. Sums in FP64. */
  softmaxGrad: SoftmaxAttrs;
  /** x → running sum along `axis` up to and with the element; reverse: from the element to the end. In FP64, each rounded once. */
  cumsum: { readonly axis: number; readonly reverse: boolean };
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const REDUCTION_ATTR_ORDER = {
  reduceSum: ["axes"],
  reduce: ["kind", "correction", "axes"],
  reduceGrad: ["kind", "correction", "axes"],
  softmax: ["axis", "log"],
  softmaxGrad: ["axis", "log"],
  cumsum: ["axis", "reverse"],
} as const satisfies { readonly [Op in keyof ReductionAttrs]: readonly (keyof ReductionAttrs[Op])[] };
