/** Losses of one number against another, with PyTorch's names, defaults and reductions. Targets broadcast to inputs. */
import type { Tensor } from "../../graph/tensor.ts";
import { inFp32, type ReductionOptions, reduced } from "./reduction.ts";

/** (x − target)². */
export function mseLoss(x: Tensor, target: Tensor, { reduction }: ReductionOptions = {}): Tensor {
  return inFp32(x, () => reduced(x.sub(target).square(), reduction));
}

/** |x − target|. */
export function l1Loss(x: Tensor, target: Tensor, { reduction }: ReductionOptions = {}): Tensor {
  return inFp32(x, () => reduced(x.sub(target).abs(), reduction));
}

/** With d = |x − target|: d²/(2·beta) below beta (default 1), d − beta/2 above. beta 0 is l1Loss. */
export function smoothL1Loss(
  x: Tensor,
  target: Tensor,
  { beta = 1, reduction }: ReductionOptions & { readonly beta?: number } = {},
): Tensor {
  if (beta === 0) return l1Loss(x, target, { reduction });
  return inFp32(x, () => reduced(quadraticBelow(x.sub(target).abs(), beta).affine(1 / beta), reduction));
}

/** With d = |x − target|: d²/2 below delta (default 1), delta·(d − delta/2) above. */
export function huberLoss(
  x: Tensor,
  target: Tensor,
  { delta = 1, reduction }: ReductionOptions & { readonly delta?: number } = {},
): Tensor {
  return inFp32(x, () => reduced(quadraticBelow(x.sub(target).abs(), delta), reduction));
}

/** d²/2 for d below the limit, limit·(d − limit/2) above: c·(d − c/2) with c = min(d, limit), one formula without a branch. */
function quadraticBelow(d: Tensor, limit: number): Tensor {
  const c = d.minimum(limit);
  return c.mul(d.sub(c.affine(0.5)));
}

export interface BceOptions extends ReductionOptions {
  /** Factor of each element's loss; broadcasts. */
  readonly weight?: Tensor;
  /** Factor of the loss of positive targets; broadcasts. */
  readonly posWeight?: Tensor;
}

/** −target·log σ(logits) − (1 − target)·log(1 − σ(logits)), without over- or underflow for any logit. */
export function bceWithLogits(
  logits: Tensor,
  target: Tensor,
  { weight, posWeight, reduction }: BceOptions = {},
): Tensor {
  return inFp32(logits, () => {
    const negative = logits.neg().softplus();
    const positive =
      posWeight === undefined ? negative : negative.mul(posWeight.affine(1, -1).mul(target).affine(1, 1));
    const losses = target.affine(-1, 1).mul(logits).add(positive);
    return reduced(weight === undefined ? losses : losses.mul(weight), reduction);
  });
}

/** Binary cross entropy of probabilities; logarithms are bounded by −100, as PyTorch's. Prefer bceWithLogits. */
export function bceLoss(
  p: Tensor,
  target: Tensor,
  { weight, reduction }: Omit<BceOptions, "posWeight"> = {},
): Tensor {
  return inFp32(p, () => {
    const log = (x: Tensor) => x.log().maximum(-100);
    const losses = target
      .mul(log(p))
      .add(target.affine(-1, 1).mul(log(p.affine(-1, 1))))
      .neg();
    return reduced(weight === undefined ? losses : losses.mul(weight), reduction);
  });
}

export interface KlOptions {
  /** `batchMean`: the sum over the size of the first axis, the mathematical definition. Default `mean`, as PyTorch. */
  readonly reduction?: "mean" | "sum" | "none" | "batchMean";
  /** The target holds logarithms too. */
  readonly logTarget?: boolean;
}

/** Kullback–Leibler divergence target·(log target − x) of log probabilities x; a target of 0 adds nothing. */
export function klDiv(
  x: Tensor,
  target: Tensor,
  { reduction = "mean", logTarget = false }: KlOptions = {},
): Tensor {
  return inFp32(x, () => {
    const losses = logTarget ? target.exp().mul(target.sub(x)) : fromProbabilities(x, target);
    if (reduction !== "batchMean") return reduced(losses, reduction);
    return losses.sum().affine(1 / x.shape[0]);
  });
}

function fromProbabilities(x: Tensor, target: Tensor): Tensor {
  const present = target.gt(0);
  // Where the target is 0 its logarithm is that of 1, so that no NaN arises that a gradient would meet.
  const logarithm = target.where(present, 1).log();
  return target.mul(logarithm.sub(x)).where(present, 0);
}
