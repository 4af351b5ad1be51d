/**
 * The end of a training step: the check and the norm of the gradients, the loss scale, the optimizers, averages of weights.
 * What each computes is in its comment: inputs → outputs. Part of contract.ts, which says what holds for all.
 *
 * All optimizers have one form: w, g, states…, lr f32[1], step f32[1] (, scaleState f32[4], found[] (, clip[])) → w′, states′…
 * (may alias w and the states). Each output rounds by its own `store`; what follows in a formula reads the value before.
 * `step` counts from 1. If found > 0, w and the states are handed through. Else every formula below is in FP32, each
 * operation rounded (so native bits equal the reference's), and begins with
 *   g ← g / scaleState[0];  g ← g·clip;  g ← min(max(g, −clipValue), clipValue)   (Infinity: no limit)
 * lerp(a, b, t) = t < ½ ? a + t·(b − a) : b − (b − a)·(1 − t). Scalars that depend on no element (1 − β, 1 − β^step,
 * lr/(1 − β₁^step), …) are computed in FP64 from the attributes as given and rounded once; β^step by repeated squaring.
 * The formulas and their order are those of PyTorch 2 (torch/optim, its single-tensor form).
 */

/** The norms that gradients are clipped by. */
export const NORM_TYPES = [2, 1, Infinity] as const;

/** What all optimizers share. */
export interface OptimizerAttrs {
  /** L2 coefficient: g ← g + weightDecay·w, unless said otherwise. */
  readonly weightDecay: number;
  /** Largest magnitude of an element of the gradient after unscaling; Infinity: no limit. */
  readonly clipValue: number;
}

export interface AdamAttrs extends OptimizerAttrs {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

export interface UpdateAttrs {
  /** g₁ … gₙ → found[]: number of elements that are NaN or Inf, as FP32 (saturates at 2^24). */
  countNonFinite: Record<string, never>;
  /**
   * state f32[4] = [lossScale, goodSteps, skippedSteps, foundNonFinite], found[] → state′ (may alias).
   * found > 0: lossScale ← max(minScale, lossScale·backoffFactor), goodSteps ← 0, skippedSteps + 1; else goodSteps + 1 and,
   * at growthInterval, lossScale ← min(maxScale, lossScale·growthFactor), goodSteps ← 0. foundNonFinite ← (found > 0).
   * growthFactor = backoffFactor = 1 makes the scale constant (steps are still skipped and counted).
   */
  lossScaleUpdate: {
    readonly growthFactor: number;
    readonly backoffFactor: number;
    readonly growthInterval: number;
    readonly minScale: number;
    readonly maxScale: number;
  };
  /** step f32[1] (, found[]) → step′ (may alias): step + 1 (saturates at 2^24), or step if found > 0. */
  countStep: Record<string, never>;
  /**
   * scaleState f32[4], g₁ … gₙ → norm[], clip[]: norm = ‖g‖ / scaleState[0] of all gradients as one vector, with √(Σ g²), Σ |g|
   * or max |g| (`normType` 2, 1, Infinity), summed in FP64; clip = min(1, maxNorm / (norm + 1e-6)), NaN if norm is. PyTorch's
   * clip_grad_norm_.
   */
  clipByNorm: { readonly maxNorm: number; readonly normType: number };
  /**
   * momentum = 0: no state, d = g. Else v → v′ = step = 1 ? g : momentum·v + (1 − dampening)·g and
   * d = nesterov ? g + momentum·v′ : v′. w′ = w − lr·d.
   */
  sgdUpdate: OptimizerAttrs & {
    readonly momentum: number;
    readonly dampening: number;
    readonly nesterov: boolean;
  };
  /**
   * m, v (, vmax if amsgrad) → their successors. decoupled (AdamW): w ← w·(1 − lr·weightDecay) instead of L2.
   * m′ = lerp(m, g, 1 − β₁); v′ = β₂·v + ((1 − β₂)·g)·g; vmax′ = max(vmax, v′); a = amsgrad ? vmax′ : v′;
   * w′ = w − (lr/(1 − β₁^step)·m′) / (√a / √(1 − β₂^step) + eps).
   */
  adamUpdate: AdamAttrs & { readonly decoupled: boolean; readonly amsgrad: boolean };
  /**
   * s (, a if centered) (, b if momentum > 0) → their successors. s′ = α·s + ((1 − α)·g)·g; a′ = lerp(a, g, 1 − α);
   * q = √(centered ? s′ − a′·a′ : s′) + eps; b′ = momentum·b + g/q and w′ = w − lr·b′, or w′ = w − (lr·g)/q.
   */
  rmspropUpdate: OptimizerAttrs & {
    readonly alpha: number;
    readonly eps: number;
    readonly momentum: number;
    readonly centered: boolean;
  };
  /** s → s′ = s + g·g; w′ = w − (c·g) / (√s′ + eps), c = lr / (1 + (step − 1)·lrDecay). */
  adagradUpdate: OptimizerAttrs & { readonly lrDecay: number; readonly eps: number };
  /**
   * v → v′ = momentum·v + c·(g + weightDecay·w), d = nesterov ? c·(…) + momentum·v′ : v′, w′ = w − lr·d, with the layer's
   * c = trust·‖w‖ / (‖g‖ + weightDecay·‖w‖ + eps), 1 if ‖w‖ or ‖g‖ is 0; norms of the whole tensor, summed in FP64.
   * You, Gitman, Ginsburg 2017, Large Batch Training of Convolutional Networks, with lr outside the momentum as in PyTorch's SGD.
   */
  larsUpdate: OptimizerAttrs & {
    readonly momentum: number;
    readonly nesterov: boolean;
    readonly trust: number;
    readonly eps: number;
  };
  /**
   * m, v → m′, v′ as in adamUpdate; r = (m′/(1 − β₁^step)) / (√v′/√(1 − β₂^step) + eps) + weightDecay·w;
   * w′ = w − (lr·‖w‖/‖r‖)·r, the ratio 1 if ‖w‖ or ‖r‖ is 0; norms of the whole tensor, summed in FP64.
   * You et al. 2020, Large Batch Optimization for Deep Learning (algorithm 2, φ the identity).
   */
  lambUpdate: AdamAttrs;
  /** average, w (, found[]) → lerp(average, w, 1 − decay), or the average if found > 0 (may alias it). */
  emaUpdate: { readonly decay: number };
}

/** The operations that update a weight; they have the form above. */
export const OPTIMIZER_OPS = [
  "sgdUpdate",
  "adamUpdate",
  "rmspropUpdate",
  "adagradUpdate",
  "larsUpdate",
  "lambUpdate",
] as const satisfies readonly (keyof UpdateAttrs)[];
export type OptimizerOp = (typeof OPTIMIZER_OPS)[number];

/** How many states an optimizer keeps for a weight, after w and g. */
export const OPTIMIZER_STATES: {
  readonly [Op in OptimizerOp]: (attrs: UpdateAttrs[Op]) => number;
} = {
  sgdUpdate: ({ momentum }) => (momentum === 0 ? 0 : 1),
  adamUpdate: ({ amsgrad }) => (amsgrad ? 3 : 2),
  rmspropUpdate: ({ centered, momentum }) => 1 + Number(centered) + Number(momentum > 0),
  adagradUpdate: () => 1,
  larsUpdate: () => 1,
  lambUpdate: () => 2,
};

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const UPDATE_ATTR_ORDER = {
  countNonFinite: [],
  lossScaleUpdate: ["growthFactor", "backoffFactor", "growthInterval", "minScale", "maxScale"],
  countStep: [],
  clipByNorm: ["maxNorm", "normType"],
  sgdUpdate: ["weightDecay", "clipValue", "momentum", "dampening", "nesterov"],
  adamUpdate: ["weightDecay", "clipValue", "beta1", "beta2", "eps", "decoupled", "amsgrad"],
  rmspropUpdate: ["weightDecay", "clipValue", "alpha", "eps", "momentum", "centered"],
  adagradUpdate: ["weightDecay", "clipValue", "lrDecay", "eps"],
  larsUpdate: ["weightDecay", "clipValue", "momentum", "nesterov", "trust", "eps"],
  lambUpdate: ["weightDecay", "clipValue", "beta1", "beta2", "eps"],
  emaUpdate: ["decay"],
} as const satisfies { readonly [Op in keyof UpdateAttrs]: readonly (keyof UpdateAttrs[Op])[] };
