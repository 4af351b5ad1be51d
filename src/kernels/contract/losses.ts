/**
 * Fused losses and their gradients. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

/** `mean` divides each loss by its target's length (at least 1), then by the number of sequences, as PyTorch. */
export const CTC_REDUCTIONS = ["none", "mean", "sum"] as const;

export interface CtcAttrs {
  /** The class that stands for "no label". */
  readonly blank: number;
  readonly reduction: (typeof CTC_REDUCTIONS)[number];
  /** A target that is too long for its input has loss Inf and gradient NaN; with this, loss 0 and gradient 0. */
  readonly zeroInfinity: boolean;
}

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
  /**
   * logProbs[T,N,C], targets i32 ([N,S], or [n]: one after the other), inputLengths i32[N], targetLengths i32[N] → loss ([] or, for
   * none, [N]): −log of the probability of all alignments of each target (Graves et al. 2006), in the log domain in FP64.
   * A length outside [0, T] or [0, S], or a label outside [0, C), makes the loss NaN.
   */
  ctcLoss: CtcAttrs;
  /**
   * gLoss, logProbs, targets, inputLengths, targetLengths → gLogProbs. As PyTorch's: exp(logProbs) − (share of alignments through each
   * place), which is the gradient for logProbs that come out of a log softmax (its rows sum to 0). Steps from inputLength on get 0.
   */
  ctcLossGrad: CtcAttrs;
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const LOSS_ATTR_ORDER = {
  softmaxCrossEntropy: ["labelSmoothing", "ignoreIndex"],
  softmaxCrossEntropyGrad: ["labelSmoothing", "ignoreIndex"],
  ctcLoss: ["blank", "reduction", "zeroInfinity"],
  ctcLossGrad: ["blank", "reduction", "zeroInfinity"],
} as const satisfies { readonly [Op in keyof LossAttrs]: readonly (keyof LossAttrs[Op])[] };
