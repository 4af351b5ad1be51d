/**
 * The softmax of attention, with its scale and its masks. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all.
 */

export interface AttentionAttrs {
  /**
   * scores[…,T,S] (, mask …) → p[…,T,S]: softmax over S of scale·scores + masks. Masks broadcast to scores: an f32 mask is
   * added, an i32 mask excludes the places where it is 0. `causal`: place s of row t is excluded if s > t. An excluded
   * place has p = 0 whatever its score; a row without any place is all 0; NaN makes the other places of its row NaN.
   */
  maskedSoftmax: { readonly scale: number; readonly causal: boolean };
  /** gp, p → gScores = scale · p·(gp − Σ gp·p), the sum over S. */
  maskedSoftmaxGrad: { readonly scale: number };
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const ATTENTION_ATTR_ORDER = {
  maskedSoftmax: ["scale", "causal"],
  maskedSoftmaxGrad: ["scale"],
} as const satisfies { readonly [Op in keyof AttentionAttrs]: readonly (keyof AttentionAttrs[Op])[] };
