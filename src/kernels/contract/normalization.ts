/**
 * Normalisations that compute statistics of their input. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

export interface GroupNormAttrs {
  /** Divides C: statistics are taken over C/groups neighbouring channels. */
  readonly groups: number;
  readonly eps: number;
  /** False: the mean is taken as 0 (RMS norm). */
  readonly centered: boolean;
}

export interface LocalResponseNormAttrs {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
}

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
  /**
   * x[N,…,C], weight[C], bias[C] → y, mean[N,groups], invStd[N,groups]. y = (x − mean)·invStd·weight + bias, mean and
   * biased variance over all positions and the channels of a group, of every n by itself. Group norm as it stands; instance
   * norm has C groups; layer norm is x[N,C] with one group. In FP32 (reference: FP64 sums), whatever the recipe.
   */
  groupNorm: GroupNormAttrs;
  /**
   * gy, x, weight, mean, invStd → gx, gWeight[C], gBias[C]. With x̂ = (x − mean)·invStd, h = gy·weight and M elements of
   * a group: gBias = Σ gy, gWeight = Σ gy·x̂, gx = invStd·(h − Σh/M − x̂·Σ(h·x̂)/M), the sums over h over the group; not
   * centered: without Σh/M.
   */
  groupNormGrad: GroupNormAttrs;
  /**
   * x[…,C] → y = x·s^−beta, s = k + alpha/size · Σ x² over the channels c − ⌊size/2⌋ … c + ⌊(size − 1)/2⌋ that exist
   * (Krizhevsky et al. 2012, with PyTorch's alpha/size).
   */
  localResponseNorm: LocalResponseNormAttrs;
  /** gy, x → gx = gy·s^−beta − 2·alpha·beta/size · x · Σ gy·x·s^(−beta−1) over the channels whose sum holds x. */
  localResponseNormGrad: LocalResponseNormAttrs;
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const NORMALIZATION_ATTR_ORDER = {
  batchNormTrain: ["eps", "momentum"],
  batchNormTrainGrad: [],
  groupNorm: ["groups", "eps", "centered"],
  groupNormGrad: ["groups", "eps", "centered"],
  localResponseNorm: ["size", "alpha", "beta", "k"],
  localResponseNormGrad: ["size", "alpha", "beta", "k"],
} as const satisfies { readonly [Op in keyof NormalizationAttrs]: readonly (keyof NormalizationAttrs[Op])[] };
