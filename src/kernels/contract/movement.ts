/**
 * Operations that add up, repeat or move elements along axes. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

export interface MovementAttrs {
  /** x → Σ x over `axes`, kept as size 1. Accumulated in FP64 chunks (reference) or pairwise FP32 (native). */
  reduceSum: { readonly axes: readonly number[] };
  /** x → x repeated to the output's shape (NumPy broadcasting). */
  broadcastTo: Record<string, never>;
  /** x → x with axes permuted: output axis i is input axis perm[i]. */
  transpose: { readonly perm: readonly number[] };
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const MOVEMENT_ATTR_ORDER = {
  reduceSum: ["axes"],
  broadcastTo: [],
  transpose: ["perm"],
} as const satisfies { readonly [Op in keyof MovementAttrs]: readonly (keyof MovementAttrs[Op])[] };
