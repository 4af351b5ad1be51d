/**
 * Random masks. What each computes is in its comment: inputs → outputs. Part of contract.ts, which says what holds for all.
 */

export interface DropoutAttrs {
  /** Probability of a zero, from 0 to 1. */
  readonly rate: number;
  /**
   * Neighbouring positions that share a draw per channel, the channels being the last axis: 1 for each element by itself,
   * rows · columns for whole channels of images.
   */
  readonly positions: number;
  /** Part of the key: another for every mask of a step. */
  readonly tensorId: number;
}

export interface RegularizationAttrs {
  /**
   * x[…,C] → y = x · factor in FP32: 1/(1 − rate), rounded to FP32, where the draw keeps the element, else 0 (so NaN and Inf
   * are not hidden). The gradient is the same operation on gy: the mask is drawn again, not stored. Element i uses draw
   * d = ⌊i/(positions·C)⌋·C + i mod C, kept when its word is at least ⌊rate·2^32 + ½⌋; rate 1 keeps none. The word is word
   * d mod 4 of Philox at counter (⌊d/4⌋ mod 2^32, tensorId, step, stream `dropout`), key and step from the plan's clock.
   */
  dropout: DropoutAttrs;
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const REGULARIZATION_ATTR_ORDER = {
  dropout: ["rate", "positions", "tensorId"],
} as const satisfies {
  readonly [Op in keyof RegularizationAttrs]: readonly (keyof RegularizationAttrs[Op])[];
};
