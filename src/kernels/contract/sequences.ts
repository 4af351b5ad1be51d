/**
 * Operations of networks that read sequences: embedding and the cells of recurrent layers. What each computes is in its
 * comment: inputs → outputs. Part of contract.ts, which says what holds for all. Letters: V rows of a table, D features
 * of a row, T steps, N sequences of a batch, H hidden units.
 *
 * A recurrent layer is not one operation but a row of them inside one plan: one GEMM multiplies the inputs of all steps
 * by W_ih, then every step has a GEMM h·W_hhᵀ and a cell; the backward pass has a cell gradient and a GEMM per step, and
 * one GEMM over all steps for each weight gradient. So a recipe reaches all of it as it reaches any layer: the operands
 * of the per-step GEMMs are rounded (role `input`, `weight`, `gradOutput`), the hidden and cell states and the gates as
 * they are stored (role `activation`), the errors of the gates and of the states too (role `error`). The two products in
 * front of a cell are accumulators: they are added to the biases in the cell before anything is rounded.
 */

/** `lookup`: a row per index. `sum`, `mean`: a row per bag of indices. */
export const EMBEDDING_MODES = ["lookup", "sum", "mean"] as const;

export interface EmbeddingAttrs {
  readonly mode: (typeof EMBEDDING_MODES)[number];
  /** This index adds nothing to bags and gets no gradient; −1: no such index. A lookup still reads its row. */
  readonly paddingIndex: number;
}

export interface SequenceAttrs {
  /**
   * weight[V,D], indices i32 (, offsets i32[B]) → y. lookup: indices[…] → y[…,D], the named rows. sum, mean: bags are the
   * rows of indices[B,L] or, with offsets, the runs of indices[n] that start there (the last ends at n) → y[B,D]; summed
   * in FP64; the mean is over the indices that count; an empty bag gives 0. An index outside [0, V) makes its row NaN.
   */
  embedding: EmbeddingAttrs;
  /** gy, indices (, offsets) → gWeight[V,D]: every row's gradients summed in FP64 in the order of the indices. */
  embeddingGrad: EmbeddingAttrs;
  /**
   * gy, indices (, offsets) → rows i32[n], gRows[n,D]: the same gradient as the rows that any index names, ascending,
   * each once; behind them rows = −1 with gradient 0. n: number of indices.
   */
  embeddingGradRows: EmbeddingAttrs;
  /**
   * zx[N,4H], zh[N,4H], c[N,H] (, bIh[4H], bHh[4H]) → h[N,H], c′[N,H], gates[N,4H]. With z = zx + zh + biases in the order
   * i f g o: i, f, o = σ(z), g = tanh(z); c′ = f·c + i·g; h = o·tanh(c′), all before any `store`. gates holds i f g o.
   */
  lstmCell: Record<string, never>;
  /**
   * gy[N,H], gh[N,H], gc′[N,H], gates, c, c′ → gz[N,4H], gc[N,H]. gy + gh is the gradient of h; gz is that of zx, of zh
   * and, summed over N, of the biases.
   */
  lstmCellGrad: Record<string, never>;
  /**
   * zx[N,3H], zh[N,3H], h[N,H] (, bIh[3H], bHh[3H]) → h′[N,H], gates[N,4H]. In the order r z n: r, z = σ(zx + zh + biases),
   * q = zh + bHh of n, n = tanh(zx + bIh + r·q), h′ = (1 − z)·n + z·h. gates holds r z n q.
   */
  gruCell: Record<string, never>;
  /** gy, gh, gd (all [N,H], their sum is the gradient of h′), gates, h → gzx[N,3H], gzh[N,3H], gh·z [N,H] (the part of h's gradient that passes z). */
  gruCellGrad: Record<string, never>;
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const SEQUENCE_ATTR_ORDER = {
  embedding: ["mode", "paddingIndex"],
  embeddingGrad: ["mode", "paddingIndex"],
  embeddingGradRows: ["mode", "paddingIndex"],
  lstmCell: [],
  lstmCellGrad: [],
  gruCell: [],
  gruCellGrad: [],
} as const satisfies { readonly [Op in keyof SequenceAttrs]: readonly (keyof SequenceAttrs[Op])[] };
