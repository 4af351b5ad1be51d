/** What all losses share: they are computed in FP32 whatever the recipe, and end in a mean, a sum or one loss per element. */
import type { Tensor } from "../../graph/tensor.ts";

export type Reduction = "mean" | "sum" | "none";

export interface ReductionOptions {
  /** Default `mean`. */
  readonly reduction?: Reduction;
}

/** Runs `body` so that no recipe rounds what it computes. */
export function inFp32<T>(like: Tensor, body: () => T): T {
  return like.graph.withRole("statistic", body);
}

/** The losses of all elements as the caller wants them. */
export function reduced(losses: Tensor, reduction: Reduction = "mean"): Tensor {
  if (reduction === "none") return losses;
  return reduction === "sum" ? losses.sum() : losses.mean();
}
