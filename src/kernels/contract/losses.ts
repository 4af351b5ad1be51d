/**
 * Fused losses and their gradients. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

export interface LossAttrs {
  /**
   * logits[N,C], labels i32[N] → loss[] (mean over the rows whose label is not ignoreIndex; 0 rows: NaN), correct[]
   * (rows whose first maximum is the label, as a number; a row with NaN or an ignored row is not correct).
   * Row loss: −Σ target·log softmax, target = (1 − labelSmoothing)·onehot + labelSmoothing/C. A label outside [0, C)
   * that is not ignoreIndex makes the loss NaN; its row's gradient is NaN.
   */
  softmaxCrossEntropy: { readonly labelSmoothing: number; readonly ignoreIndex: number };
  /** gLoss[], logits, labels → gLogits = gLoss/rows · (softmax − target); ignored rows get 0. */
  softmaxCrossEntropyGrad: { readonly labelSmoothing: number; readonly ignoreIndex: number };
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const LOSS_ATTR_ORDER = {
  softmaxCrossEntropy: ["labelSmoothing", "ignoreIndex"],
  softmaxCrossEntropyGrad: ["labelSmoothing", "ignoreIndex"],
} as const satisfies { readonly [Op in keyof LossAttrs]: readonly (keyof LossAttrs[Op])[] };
