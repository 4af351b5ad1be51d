/** Golden operations: functions of every element alone. */
import type { Tensor } from "../../../graph/tensor.ts";
import { logSigmoid, prelu, softsign } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { GoldenOperation, GoldenOperations } from "./operation.ts";

const UNARY = [
  "relu",
  "relu6",
  "neg",
  "abs",
  "square",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "exp",
  "log",
  "expm1",
  "log1p",
  "sin",
  "cos",
  "tanh",
  "erf",
  "sign",
  "floor",
  "ceil",
  "round",
  "sigmoid",
  "silu",
  "selu",
  "mish",
  "hardsigmoid",
  "hardswish",
] as const;

const BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "pow", "atan2"] as const;

/** A function of `x` and attributes; works in any layout. */
const ofX = (build: (x: Tensor, attributes: Attributes) => Tensor): GoldenOperation => ({
  channelsLast: [],
  build: (args, attributes) => ({ output: build(args.get("x"), attributes) }),
});

const binary = (kind: (typeof BINARY)[number]): GoldenOperation => ({
  channelsLast: [],
  build: (args) => ({ output: args.get("a")[kind](args.get("b")) }),
});

export const elementwiseOperations: GoldenOperations = {
  ...Object.fromEntries(UNARY.map((kind) => [kind, ofX((x) => x[kind]())])),
  ...Object.fromEntries(BINARY.map((kind) => [kind, binary(kind)])),
  gelu: ofX((x, attributes) => x.gelu({ approximate: attributes.choice("approximate", ["none", "tanh"]) })),
  leakyRelu: ofX((x, attributes) => x.leakyRelu(attributes.number("negativeSlope", 0.01))),
  elu: ofX((x, attributes) => x.elu(attributes.number("alpha", 1))),
  hardtanh: ofX((x, attributes) => x.hardtanh(attributes.number("min", -1), attributes.number("max", 1))),
  softplus: ofX((x, attributes) =>
    x.softplus({ beta: attributes.number("beta", 1), threshold: attributes.number("threshold", 20) }),
  ),
  logSigmoid: ofX((x) => logSigmoid(x)),
  softsign: ofX((x) => softsign(x)),
  clamp: ofX((x, attributes) => {
    const min = attributes.number("min", Number.NEGATIVE_INFINITY);
    return x.clamp({ min, max: attributes.number("max", Number.POSITIVE_INFINITY) });
  }),
  // In the file's layout: channels are the second axis.
  prelu: {
    channelsLast: [],
    build: (args) => {
      const x = args.get("x");
      return { output: prelu(x, args.get("weight"), Math.min(1, x.rank - 1)) };
    },
  },
};
