/** Golden operations: normalisations. */
import type { Tensor } from "../../../graph/tensor.ts";
import {
  BatchNorm2d,
  bindNames,
  groupNorm,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  rmsNorm,
} from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

type Results = Readonly<Record<string, Tensor>>;

function batchNorm2d(args: Arguments, attributes: Attributes): Results {
  const x = args.get("x");
  const eps = attributes.number("eps", 1e-5);
  const momentum = attributes.nullable("momentum", 0.1);
  const options = { eps, momentum, affine: args.has("weight"), trackRunningStats: args.has("runningMean") };
  const module = bindNames(new BatchNorm2d(x.shape[x.shape.length - 1], options));
  return { output: module.forward(x) };
}

/** Parameters that a case may leave out. */
function affine(args: Arguments): { weight?: Tensor; bias?: Tensor } {
  const optional = (name: string) => (args.has(name) ? args.get(name) : undefined);
  return { weight: optional("weight"), bias: optional("bias") };
}

function layerNormOf(args: Arguments, attributes: Attributes): Results {
  const options = { eps: attributes.number("eps", 1e-5), ...affine(args) };
  return { output: layerNorm(args.get("x"), attributes.numbers("normalizedShape"), options) };
}

function rmsNormOf(args: Arguments, attributes: Attributes): Results {
  const eps = attributes.nullable("eps", 2 ** -23) ?? 2 ** -23;
  const normalizedShape = attributes.numbers("normalizedShape");
  return { output: rmsNorm(args.get("x"), normalizedShape, { eps, weight: affine(args).weight }) };
}

function groupNormOf(args: Arguments, attributes: Attributes): Results {
  const options = { eps: attributes.number("eps", 1e-5), ...affine(args) };
  return { output: groupNorm(args.get("x"), attributes.number("numGroups"), options) };
}

function instanceNormOf(args: Arguments, attributes: Attributes): Results {
  return { output: instanceNorm(args.get("x"), { eps: attributes.number("eps", 1e-5), ...affine(args) }) };
}

function responseNorm(args: Arguments, attributes: Attributes): Results {
  const alpha = attributes.number("alpha", 1e-4);
  const options = { alpha, beta: attributes.number("beta", 0.75), k: attributes.number("k", 1) };
  return { output: localResponseNorm(args.get("x"), attributes.number("size"), options) };
}

export const normalizationOperations: GoldenOperations = {
  batchNorm2d: {
    channelsLast: ["x", "output"],
    states: { runningMean: "running_mean", runningVar: "running_var" },
    build: batchNorm2d,
  },
  layerNorm: { channelsLast: [], build: layerNormOf },
  rmsNorm: { channelsLast: [], build: rmsNormOf },
  groupNorm: { channelsLast: ["x", "output"], build: groupNormOf },
  instanceNorm2d: { channelsLast: ["x", "output"], build: instanceNormOf },
  localResponseNorm: { channelsLast: ["x", "output"], build: responseNorm },
};
