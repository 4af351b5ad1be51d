/** Golden operations: embedding. */
import type { Tensor } from "../../../graph/tensor.ts";
import { embedding, embeddingBag } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

/** PyTorch's padding_idx: absent, or an index that may count from the end. */
function paddingIdx(attributes: Attributes): { paddingIdx?: number } {
  const none = Number.NEGATIVE_INFINITY;
  const index = attributes.number("paddingIdx", none);
  return index === none ? {} : { paddingIdx: index };
}

function lookup(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  return { output: embedding(args.get("indices"), args.get("weight"), paddingIdx(attributes)) };
}

function bag(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const mode = attributes.choice("mode", ["mean", "sum"]);
  const offsets = args.has("offsets") ? { offsets: args.get("offsets") } : {};
  const options = { mode, ...offsets, ...paddingIdx(attributes) };
  return { output: embeddingBag(args.get("indices"), args.get("weight"), options) };
}

export const sequencesOperations: GoldenOperations = {
  embedding: { channelsLast: [], build: lookup },
  embeddingBag: { channelsLast: [], build: bag },
};
