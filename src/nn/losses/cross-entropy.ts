/** Losses: scalars that a training step differentiates. Computed in FP32 whatever the recipe. */
import { Tensor } from "../../graph/tensor.ts";

/** Labels with this value do not count; PyTorch's default. */
export const IGNORE_INDEX = -100;

export interface CrossEntropyOptions {
  readonly labelSmoothing?: number;
  readonly ignoreIndex?: number;
}

/**
 * Softmax cross entropy of logits[N, C] against labels i32[N]: the mean over the rows that count, and how many rows have
 * their largest logit at the label.
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  { labelSmoothing = 0, ignoreIndex = IGNORE_INDEX }: CrossEntropyOptions = {},
): { loss: Tensor; correct: Tensor } {
  const { graph } = logits;
  const attrs = { labelSmoothing, ignoreIndex };
  const [loss, correct] = graph.apply("softmaxCrossEntropy", [logits.value, labels.value], attrs);
  return { loss: new Tensor(graph, loss), correct: new Tensor(graph, correct) };
}
