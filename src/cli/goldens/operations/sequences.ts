/** Golden operations: embedding and recurrent layers. */
import type { Tensor } from "../../../graph/tensor.ts";
import {
  bindNames,
  embedding,
  embeddingBag,
  GRU,
  LSTM,
  type RecurrentInputs,
  type RecurrentOptions,
  RNN,
} from "../../../nn/index.ts";
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

/** Sizes from the weights; the module then finds its parameters under PyTorch's names. */
function recurrentOptions(
  args: Arguments,
  attributes: Attributes,
): RecurrentOptions & { hiddenSize: number } {
  attributes.only("dropout", 0);
  return {
    hiddenSize: attributes.number("hiddenSize", args.get("weight_hh_l0").shape[1]),
    numLayers: attributes.number("numLayers", 1),
    bidirectional: attributes.boolean("bidirectional", false),
    batchFirst: attributes.boolean("batchFirst", false),
    bias: args.has("bias_ih_l0"),
  };
}

function recurrentInputs(args: Arguments): RecurrentInputs {
  const given = ["h0", "c0", "lengths"].filter((name) => args.has(name));
  return Object.fromEntries(given.map((name) => [name, args.get(name)]));
}

type Results = Readonly<Record<string, Tensor>>;

function lstm(args: Arguments, attributes: Attributes): Results {
  const { hiddenSize, ...options } = recurrentOptions(args, attributes);
  const module = bindNames(new LSTM(args.get("weight_ih_l0").shape[1], hiddenSize, options));
  return { ...module.forward(args.get("x"), recurrentInputs(args)) };
}

function gru(args: Arguments, attributes: Attributes): Results {
  const { hiddenSize, ...options } = recurrentOptions(args, attributes);
  const module = bindNames(new GRU(args.get("weight_ih_l0").shape[1], hiddenSize, options));
  return { ...module.forward(args.get("x"), recurrentInputs(args)) };
}

function rnn(args: Arguments, attributes: Attributes): Results {
  const { hiddenSize, ...options } = recurrentOptions(args, attributes);
  const nonlinearity = attributes.choice("nonlinearity", ["tanh", "relu"]);
  const size = args.get("weight_ih_l0").shape[1];
  const module = bindNames(new RNN(size, hiddenSize, { ...options, nonlinearity }));
  return { ...module.forward(args.get("x"), recurrentInputs(args)) };
}

export const sequencesOperations: GoldenOperations = {
  lstm: { channelsLast: [], build: lstm },
  gru: { channelsLast: [], build: gru },
  rnn: { channelsLast: [], build: rnn },
  embedding: { channelsLast: [], build: lookup },
  embeddingBag: { channelsLast: [], build: bag },
};
