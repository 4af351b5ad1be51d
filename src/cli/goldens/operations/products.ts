/** Golden operations: matrix products and convolutions. */
import type { Tensor } from "../../../graph/tensor.ts";
import { bindNames, Linear } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

function linear(args: Arguments): Readonly<Record<string, Tensor>> {
  const [outFeatures, inFeatures] = args.get("weight").shape;
  const module = bindNames(new Linear(inFeatures, outFeatures, { bias: args.has("bias") }));
  return { output: module.forward(args.get("x")) };
}

function conv2d(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const product = args.get("x").conv2d(args.get("weight"), {
    stride: attributes.pair("stride", 1),
    padding: attributes.pair("padding", 0),
    dilation: attributes.pair("dilation", 1),
    groups: attributes.number("groups", 1),
  });
  return { output: args.has("bias") ? product.add(args.get("bias")) : product };
}

export const productsOperations: GoldenOperations = {
  conv2d: { channelsLast: ["x", "weight", "output"], build: conv2d },
  linear: { channelsLast: [], build: linear },
  matmul: {
    channelsLast: [],
    build: (args: Arguments) => ({ output: args.get("a").matmul(args.get("b")) }),
  },
};
