/** Connectionist temporal classification: the loss of a sequence whose labels have no times. Source: Graves et al. 2006. */
import { Tensor } from "../../graph/tensor.ts";
import type { CtcAttrs } from "../../kernels/contract.ts";

export interface CtcLossOptions {
  /** The class that stands for "no label"; default 0. */
  readonly blank?: number;
  /** Default `mean`: each loss over its target's length, then the mean of the batch, as PyTorch. */
  readonly reduction?: CtcAttrs["reduction"];
  /** Loss 0 and gradient 0 for targets that are too long for their inputs. */
  readonly zeroInfinity?: boolean;
}

export interface CtcLengths {
  /** i32[N]: steps of each input. */
  readonly inputLengths: Tensor;
  /** i32[N]: labels of each target. */
  readonly targetLengths: Tensor;
}

/**
 * logProbs[T, N, C] (from a log softmax; or [T, C] for one sequence) and targets i32 ([N, S], or all labels one after the
 * other) → the loss. The gradient is PyTorch's: it is right for logProbs whose exponentials sum to 1.
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  { inputLengths, targetLengths }: CtcLengths,
  { blank = 0, reduction = "mean", zeroInfinity = false }: CtcLossOptions = {},
): Tensor {
  const { graph } = logProbs;
  const [steps, classes] = logProbs.shape;
  const batch = logProbs.shape.length === 2 ? logProbs.reshape([steps, 1, classes]) : logProbs;
  const inputs = [batch, targets, inputLengths, targetLengths].map(({ value }) => value);
  const loss = new Tensor(graph, graph.apply("ctcLoss", inputs, { blank, reduction, zeroInfinity })[0]);
  return logProbs.shape.length === 2 && reduction === "none" ? loss.reshape([]) : loss;
}
