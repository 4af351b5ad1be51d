/**
 * Operations that read or write where an index tensor (i32) says, and those that produce indices. An index outside the
 * axis is data, not a mistake of the plan: reading there gives NaN (i32: −1), adding there adds nothing.
 * What each computes is in its comment: inputs → outputs. Part of contract.ts, which says what holds for all.
 */

export interface AxisAttrs {
  readonly axis: number;
}

export interface TopKAttrs {
  readonly axis: number;
  /** Largest first, or smallest first. NaN counts as larger than all numbers; equal elements keep their order. */
  readonly largest: boolean;
}

export interface IndexingAttrs {
  /** x, index → y of index's shape: y[…i…] = x[…index[…i…]…] along `axis`. Other axes of index are at most x's. */
  gather: AxisAttrs;
  /** x, index (same shape) → y = zeros, y[…index[…i…]…] += x[…i…] along `axis`; sums in FP64, rounded once. */
  scatterAdd: AxisAttrs;
  /** x, index[any shape] → y: `axis` of x replaced by index's axes, the slices of x that index names. */
  indexSelect: AxisAttrs;
  /** x, index → y = zeros; slice index[m] of y along `axis` += slice m of x. In FP32, in the order of m. */
  indexAdd: AxisAttrs;
  /**
   * w[V,…], rows i32[n], values[n,…] → w′ (may alias w): row rows[m] of w ← row m of values; of two of one name the last
   * stays. The others are not touched, nor rounded by `store`: w must hold values of its format there. In place the cost
   * is that of the n rows.
   */
  putRows: Record<string, never>;
  /** x → values, indices i32: the first k (size of the output along `axis`) of x in the order that `largest` says. */
  topK: TopKAttrs;
  /** x → i32, `axis` kept as size 1: where the largest (smallest) element is; the first NaN, if any; else the first of equals. */
  argReduce: { readonly axis: number; readonly largest: boolean };
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const INDEXING_ATTR_ORDER = {
  gather: ["axis"],
  scatterAdd: ["axis"],
  indexSelect: ["axis"],
  indexAdd: ["axis"],
  putRows: [],
  topK: ["axis", "largest"],
  argReduce: ["axis", "largest"],
} as const satisfies { readonly [Op in keyof IndexingAttrs]: readonly (keyof IndexingAttrs[Op])[] };
