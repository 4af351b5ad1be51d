/**
 * Dropout. Masks are counter-based: the same seed, step and place in the model give the same mask on every kernel set, for any
 * number of threads and after a resume. Source: Srivastava et al. 2014; scaled in training as PyTorch does.
 */
import { elementCount, type Graph } from "../../graph/graph.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { apply } from "./apply.ts";

export interface DropoutOptions {
  /** Default: whether the graph is traced in training mode. Otherwise the input is returned as it is. */
  readonly training?: boolean;
}

/** Sets elements to zero with probability `rate` and multiplies the others by 1/(1 − rate). */
export function dropout(x: Tensor, rate = 0.5, { training = x.graph.training }: DropoutOptions = {}): Tensor {
  if (!training || rate === 0) return x;
  return apply("dropout", [x], { rate, positions: 1, tensorId: nextMask(x.graph) });
}

/** Sets whole channels of x[N,…,C] to zero, each channel of each n with probability `rate`. */
export function channelDropout(
  x: Tensor,
  rate = 0.5,
  { training = x.graph.training }: DropoutOptions = {},
): Tensor {
  if (!training || rate === 0) return x;
  const positions = elementCount(x.shape.slice(1, -1));
  return apply("dropout", [x], { rate, positions, tensorId: nextMask(x.graph) });
}

/** Masks are numbered in the order of tracing, which a model's forward fixes. */
function nextMask(graph: Graph): number {
  return graph.nodes.filter(({ op }) => op === "dropout").length;
}
