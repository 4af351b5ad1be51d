/**
 * The operations of golden cases in Roundoff's own words: how each is written with the graph builder and the modules.
 * An operation that is not in this table is reported as unsupported. Layouts here are Roundoff's (NHWC, KRSC).
 */
import type { Tensor } from "../../graph/tensor.ts";
import { BatchNorm2d, bindNames, crossEntropy, Linear } from "../../nn/index.ts";
import type { Attributes } from "./attributes.ts";

/** The arguments of a case as tensors of its graph. */
export interface Arguments {
  get(name: string): Tensor;
  has(name: string): boolean;
}

export interface GoldenOperation {
  /** Arguments and results whose axes are N·C·rows·columns (or O·I·rows·columns) in the file. */
  readonly channelsLast: readonly string[];
  /** Arguments that are states of a module, and the module's name for them. */
  readonly states?: Readonly<Record<string, string>>;
  /** Results by name. Results that are states are read from the states themselves. */
  readonly build: (args: Arguments, attributes: Attributes) => Readonly<Record<string, Tensor>>;
}

type Unary = "relu" | "tanh" | "sigmoid" | "gelu" | "exp";

const unary = (kind: Unary): GoldenOperation => ({
  channelsLast: [],
  build: (args) => ({ output: args.get("x")[kind]() }),
});

const binary = (kind: "add" | "mul"): GoldenOperation => ({
  channelsLast: [],
  build: (args) => ({ output: args.get("a")[kind](args.get("b")) }),
});

const pooling = (kind: "maxPool2d" | "avgPool2d"): GoldenOperation => ({
  channelsLast: ["x", "output"],
  build(args, attributes) {
    const kernelSize = attributes.pair("kernelSize");
    const stride = attributes.pair("stride");
    const padding = attributes.pair("padding", 0);
    attributes.only("ceilMode", false);
    return { output: args.get("x")[kind]({ kernelSize, stride, padding }) };
  },
});

const reduction = (kind: "sum" | "mean"): GoldenOperation => ({
  channelsLast: [],
  build(args, attributes) {
    const axes = attributes.numbers("dim");
    const keepDims = attributes.boolean("keepdim", false);
    return { output: args.get("x")[kind]({ axes, keepDims }) };
  },
});

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

function batchNorm2d(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const x = args.get("x");
  const eps = attributes.number("eps", 1e-5);
  const momentum = attributes.number("momentum", 0.1);
  const module = bindNames(new BatchNorm2d(x.shape[x.shape.length - 1], { eps, momentum }));
  return { output: module.forward(x) };
}

function globalAvgPool(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  attributes.only("outputSize", 1);
  return { output: args.get("x").mean({ axes: [1, 2], keepDims: true }) };
}

function crossEntropyLoss(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const labelSmoothing = attributes.number("labelSmoothing", 0);
  const ignoreIndex = attributes.number("ignoreIndex", -100);
  const { loss } = crossEntropy(args.get("logits"), args.get("target"), { labelSmoothing, ignoreIndex });
  return { output: loss };
}

/** A new operation is one line here. */
export const OPERATIONS: ReadonlyMap<string, GoldenOperation> = new Map(
  Object.entries({
    conv2d: { channelsLast: ["x", "weight", "output"], build: conv2d },
    linear: { channelsLast: [], build: linear },
    matmul: {
      channelsLast: [],
      build: (args: Arguments) => ({ output: args.get("a").matmul(args.get("b")) }),
    },
    batchNorm2d: {
      channelsLast: ["x", "output"],
      states: { runningMean: "running_mean", runningVar: "running_var" },
      build: batchNorm2d,
    },
    maxPool2d: pooling("maxPool2d"),
    avgPool2d: pooling("avgPool2d"),
    adaptiveAvgPool2d: { channelsLast: ["x", "output"], build: globalAvgPool },
    relu: unary("relu"),
    tanh: unary("tanh"),
    sigmoid: unary("sigmoid"),
    gelu: unary("gelu"),
    exp: unary("exp"),
    add: binary("add"),
    mul: binary("mul"),
    sum: reduction("sum"),
    mean: reduction("mean"),
    crossEntropy: { channelsLast: [], build: crossEntropyLoss },
  }),
);
