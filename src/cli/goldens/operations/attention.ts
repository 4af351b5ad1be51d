/** Golden operations: attention. */
import type { Tensor } from "../../../graph/tensor.ts";
import {
  type AttentionMasks,
  bindNames,
  MultiheadAttention,
  scaledDotProductAttention,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "../../../nn/index.ts";
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

type Results = Readonly<Record<string, Tensor>>;

function optional(args: Arguments, name: string): Tensor | undefined {
  return args.has(name) ? args.get(name) : undefined;
}

function masksOf(args: Arguments, attributes: Attributes): AttentionMasks {
  const keyPaddingMask = optional(args, "keyPaddingMask");
  const attnMask = optional(args, "attnMask");
  return { keyPaddingMask, attnMask, isCausal: attributes.boolean("isCausal", false) };
}

/** Self-attention if the case has no key. */
function multihead(args: Arguments, attributes: Attributes): Results {
  const query = args.get("query");
  const options = { batchFirst: attributes.boolean("batchFirst", false), bias: args.has("in_proj_bias") };
  const features = query.shape[query.shape.length - 1];
  const module = bindNames(new MultiheadAttention(features, attributes.number("numHeads", 1), options));
  const key = optional(args, "key") ?? query;
  return { ...module.forward(query, key, optional(args, "value") ?? key, masksOf(args, attributes)) };
}

function layerOptions(attributes: Attributes) {
  return {
    dimFeedforward: attributes.number("dimFeedforward", 2048),
    normFirst: attributes.boolean("normFirst", false),
    batchFirst: attributes.boolean("batchFirst", false),
    activation: attributes.choice("activation", ["relu", "gelu"]),
  };
}

function encoderLayer(args: Arguments, attributes: Attributes): Results {
  const x = args.get("x");
  const heads = attributes.number("numHeads", 1);
  const module = bindNames(new TransformerEncoderLayer(x.shape[2], heads, layerOptions(attributes)));
  return { output: module.forward(x, masksOf(args, attributes)) };
}

function decoderLayer(args: Arguments, attributes: Attributes): Results {
  const x = args.get("x");
  const heads = attributes.number("numHeads", 1);
  const module = bindNames(new TransformerDecoderLayer(x.shape[2], heads, layerOptions(attributes)));
  return { output: module.forward(x, args.get("memory"), { target: masksOf(args, attributes) }) };
}

export const attentionOperations: GoldenOperations = {
  multiheadAttention: { channelsLast: [], build: multihead },
  transformerEncoderLayer: { channelsLast: [], build: encoderLayer },
  transformerDecoderLayer: { channelsLast: [], build: decoderLayer },
  scaledDotProductAttention: { channelsLast: [], build: attention },
};
