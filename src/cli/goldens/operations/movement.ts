/** Golden operations: reductions, softmax and moves along axes. Axes are the file's, so its layout is kept. */
import type { Tensor } from "../../../graph/tensor.ts";
import { concat, pixelShuffle, pixelUnshuffle, stack } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperation, GoldenOperations } from "./operation.ts";

type Reduction = "sum" | "mean" | "amax" | "amin" | "prod" | "logSumExp";

const reduction = (kind: Reduction): GoldenOperation => ({
  channelsLast: [],
  build(args, attributes) {
    const axes = attributes.has("dim") ? attributes.numbers("dim") : undefined;
    const keepDims = attributes.boolean("keepdim", false);
    return { output: args.get("x")[kind]({ axes, keepDims }) };
  },
});

const spread = (kind: "variance" | "std"): GoldenOperation => ({
  channelsLast: [],
  build(args, attributes) {
    const axes = attributes.has("dim") ? attributes.numbers("dim") : undefined;
    const keepDims = attributes.boolean("keepdim", false);
    const correction = attributes.boolean("unbiased", true) ? 1 : 0;
    return { output: args.get("x")[kind]({ axes, keepDims, correction }) };
  },
});

const alongDim = (fallback: number, build: (x: Tensor, dim: number) => Tensor): GoldenOperation => ({
  channelsLast: [],
  build: (args, attributes) => ({ output: build(args.get("x"), attributes.number("dim", fallback)) }),
});

/** All arguments of a case in their order, a, b, c … */
const joining = (join: (tensors: readonly Tensor[], dim: number) => Tensor): GoldenOperation => ({
  channelsLast: [],
  build(args: Arguments, attributes: Attributes) {
    const names = "abcdefghij".split("").filter((name) => args.has(name));
    return {
      output: join(
        names.map((name) => args.get(name)),
        attributes.number("dim", 0),
      ),
    };
  },
});

export const movementOperations: GoldenOperations = {
  sum: reduction("sum"),
  mean: reduction("mean"),
  amax: reduction("amax"),
  amin: reduction("amin"),
  prod: reduction("prod"),
  logsumexp: reduction("logSumExp"),
  var: spread("variance"),
  std: spread("std"),
  softmax: alongDim(-1, (x, dim) => x.softmax(dim)),
  logSoftmax: alongDim(-1, (x, dim) => x.logSoftmax(dim)),
  cumsum: alongDim(0, (x, dim) => x.cumsum(dim)),
  concat: joining(concat),
  stack: joining(stack),
  pixelShuffle: {
    channelsLast: ["x", "output"],
    build: (args, attributes) => ({
      output: pixelShuffle(args.get("x"), attributes.number("upscaleFactor")),
    }),
  },
  pixelUnshuffle: {
    channelsLast: ["x", "output"],
    build: (args, attributes) => ({
      output: pixelUnshuffle(args.get("x"), attributes.number("downscaleFactor")),
    }),
  },
};
