/**
 * Scaled dot-product attention. The two products are GEMMs that a recipe rounds like any other; scale, masks and softmax
 * are one primitive. Source: Vaswani et al. 2017; meaning of the masks as in PyTorch's scaled_dot_product_attention.
 */
import { Tensor } from "../../graph/tensor.ts";

export interface AttentionOptions {
  /**
   * Broadcasts to [… , T, S]. f32: added to the scaled scores. i32: places where it is 0 take no part. Several masks act
   * together. A row in which no place takes part gives 0.
   */
  readonly mask?: Tensor | readonly Tensor[];
  /** Place s takes no part in row t if s > t. */
  readonly causal?: boolean;
  /** Default 1/√E. */
  readonly scale?: number;
  /** Applied to the probabilities: dropout. */
  readonly transformProbabilities?: (probabilities: Tensor) => Tensor;
}

/** q[…, T, E], k[…, S, E], v[…, S, F] → […, T, F]. */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Tensor {
  return attentionWithWeights(q, k, v, options).output;
}

/** As scaledDotProductAttention; also the probabilities […, T, S]. */
export function attentionWithWeights(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { mask = [], causal = false, scale, transformProbabilities = (p) => p }: AttentionOptions,
): { output: Tensor; weights: Tensor } {
  const { graph } = q;
  const features = q.shape[q.shape.length - 1];
  // Only the probabilities are stored as activations: the scores are an accumulator of the softmax (apply-policy.ts).
  const scores = q.matmul(k, { transB: true }).value;
  const masks = (mask instanceof Tensor ? [mask] : mask).map(({ value }) => value);
  const attrs = { scale: scale ?? 1 / Math.sqrt(features), causal };
  const [p] = graph.apply("maskedSoftmax", [scores, ...masks], attrs);
  const weights = transformProbabilities(new Tensor(graph, p));
  return { output: weights.matmul(v), weights };
}
