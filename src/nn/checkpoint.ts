/** Gradient checkpointing, as torch.utils.checkpoint: memory for time. Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost. */
import { graphOf } from "./module.ts";

/**
 * fn(...inputs), whose inner values the backward pass computes again instead of keeping them. Results are equal to the bit,
 * under stochastic rounding too. Everything that `fn` reads stays in memory, nothing else.
 */
export function checkpoint<Inputs extends unknown[], Out>(
  fn: (...inputs: Inputs) => Out,
  ...inputs: Inputs
): Out {
  const graph = graphOf(inputs);
  return graph === undefined ? fn(...inputs) : graph.checkpoint(() => fn(...inputs));
}
