/** Golden operations: matrix products and convolutions. */
import type { Tensor } from "../../../graph/tensor.ts";
import { bindNames, conv2d, convTranspose2d, Linear } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

function linear(args: Arguments): Readonly<Record<string, Tensor>> {
  const [outFeatures, inFeatures] = args.get("weight").shape;
  const module = bindNames(new Linear(inFeatures, outFeatures, { bias: args.has("bias") }));
  return { output: module.forward(args.get("x")) };
}

const CONVOLUTION = ["x", "weight", "output"];

function optionalBias(args: Arguments): Tensor | undefined {
  return args.has("bias") ? args.get("bias") : undefined;
}

function conv2dOf(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const options = {
    bias: optionalBias(args),
    stride: attributes.pair("stride", 1),
    padding: attributes.word("padding", ["same", "valid"]) ?? attributes.pair("padding", 0),
    dilation: attributes.pair("dilation", 1),
    groups: attributes.number("groups", 1),
  };
  return { output: conv2d(args.get("x"), args.get("weight"), options) };
}

function convTranspose2dOf(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const options = {
    bias: optionalBias(args),
    stride: attributes.pair("stride", 1),
    padding: attributes.pair("padding", 0),
    outputPadding: attributes.pair("outputPadding", 0),
    dilation: attributes.pair("dilation", 1),
    groups: attributes.number("groups", 1),
  };
  return { output: convTranspose2d(args.get("x"), args.get("weight"), options) };
}

export const productsOperations: GoldenOperations = {
  conv2d: { channelsLast: CONVOLUTION, build: conv2dOf },
  // PyTorch's [in, out, rows, columns] becomes [in, rows, columns, out]: the same move of axes.
  convTranspose2d: { channelsLast: CONVOLUTION, build: convTranspose2dOf },
  linear: { channelsLast: [], build: linear },
  matmul: {
    channelsLast: [],
    build: (args: Arguments) => ({ output: args.get("a").matmul(args.get("b")) }),
  },
};
