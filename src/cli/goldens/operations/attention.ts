/** Golden operations: attention. */
import type { Tensor } from "../../../graph/tensor.ts";
import { scaledDotProductAttention } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

/** A scale of 0 or none is the default 1/√E. */
function attention(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const causal = attributes.boolean("causal", false) || attributes.boolean("isCausal", false);
  const scale = attributes.number("scale", 0);
  attributes.only("dropout", 0);
  const masks = ["mask", "attnMask"].filter((name) => args.has(name)).map((name) => args.get(name));
  const options = scale === 0 ? { causal, mask: masks } : { causal, mask: masks, scale };
  return { output: scaledDotProductAttention(args.get("q"), args.get("k"), args.get("v"), options) };
}

export const attentionOperations: GoldenOperations = {
  scaledDotProductAttention: { channelsLast: [], build: attention },
};
