/**
 * Operations that repeat, cut or move elements along axes and compute nothing. Operand and output may be i32.
 * What each computes is in its comment: inputs → outputs. Part of contract.ts, which says what holds for all.
 */

/** How `padEdge` continues a row abcd: reflect dcb|abcd|cba, replicate aaa|abcd|ddd, circular bcd|abcd|abc. */
export const PAD_MODES = ["reflect", "replicate", "circular"] as const;
export type PadMode = (typeof PAD_MODES)[number];

export interface PadEdgeAttrs {
  readonly axis: number;
  /** Elements in front of the first; the output's size says how many come behind the last. */
  readonly before: number;
  readonly mode: PadMode;
}

export interface MovementAttrs {
  /** x → x repeated to the output's shape (NumPy broadcasting). */
  broadcastTo: Record<string, never>;
  /** x → x with axes permuted: output axis i is input axis perm[i]. */
  transpose: { readonly perm: readonly number[] };
  /** x → y of the same rank, y[i…] = x[starts + steps·i…]. Steps may be negative (a flip), never 0. */
  slice: { readonly starts: readonly number[]; readonly steps: readonly number[] };
  /** x → y of the same rank, filled with `value`, then y[starts + steps·i…] = x[i…]: padding, and the gradient of slice. */
  place: {
    readonly value: number;
    readonly starts: readonly number[];
    readonly steps: readonly number[];
  };
  /** x₀, x₁, … → y: the inputs one after the other along `axis`. */
  concat: { readonly axis: number };
  /** x → x continued beyond both ends of an axis by its own elements. reflect: the padding is below the size; circular: at most. */
  padEdge: PadEdgeAttrs;
  /** gy → gx: for every element of x the sum over the places of padEdge's output that show it. */
  padEdgeGrad: PadEdgeAttrs;
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const MOVEMENT_ATTR_ORDER = {
  broadcastTo: [],
  transpose: ["perm"],
  slice: ["starts", "steps"],
  place: ["value", "starts", "steps"],
  concat: ["axis"],
  padEdge: ["axis", "before", "mode"],
  padEdgeGrad: ["axis", "before", "mode"],
} as const satisfies { readonly [Op in keyof MovementAttrs]: readonly (keyof MovementAttrs[Op])[] };
