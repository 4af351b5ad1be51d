/** The order in which linear layers read features of a picture, so that weights of PyTorch models fit as they are. */
import type { Tensor } from "../graph/tensor.ts";

/** x[N, H, W, C] → [N, C·H·W], channels first as in PyTorch. */
export function flattenChannelsFirst(x: Tensor): Tensor {
  return x.transpose([0, 3, 1, 2]).flatten();
}
