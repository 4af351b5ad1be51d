/**
 * Normalisations that compute statistics of their input. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

export interface NormalizationAttrs {
  /**
   * x[…,C], weight[C], bias[C], runningMean[C], runningVar[C] → y, mean[C], invStd[C], runningMean′, runningVar′.
   * y = (x − mean)·invStd·weight + bias; mean and biased variance over all axes but the last, invStd =
   * 1/√(var + eps). running′ = (1 − momentum)·running + momentum·batch, with the unbiased variance (the biased one if
   * there is one row). All in FP32 (reference: FP64 sums), whatever the recipe. The running outputs may alias the
   * running inputs.
   */
  batchNormTrain: { readonly eps: number; readonly momentum: number };
  /**
   * gy, x, weight, mean, invStd → gx, gWeight[C], gBias[C]. With x̂ = (x − mean)·invStd and M rows: gBias = Σ gy,
   * gWeight = Σ gy·x̂, gx = weight·invStd·(gy − gBias/M − x̂·gWeight/M).
   */
  batchNormTrainGrad: Record<string, never>;
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const NORMALIZATION_ATTR_ORDER = {
  batchNormTrain: ["eps", "momentum"],
  batchNormTrainGrad: [],
} as const satisfies { readonly [Op in keyof NormalizationAttrs]: readonly (keyof NormalizationAttrs[Op])[] };
