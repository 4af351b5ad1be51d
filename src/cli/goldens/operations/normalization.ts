/** Golden operations: normalisations. */
import type { Tensor } from "../../../graph/tensor.ts";
import { BatchNorm2d, bindNames } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

function batchNorm2d(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const x = args.get("x");
  const eps = attributes.number("eps", 1e-5);
  const momentum = attributes.number("momentum", 0.1);
  const module = bindNames(new BatchNorm2d(x.shape[x.shape.length - 1], { eps, momentum }));
  return { output: module.forward(x) };
}

export const normalizationOperations: GoldenOperations = {
  batchNorm2d: {
    channelsLast: ["x", "output"],
    states: { runningMean: "running_mean", runningVar: "running_var" },
    build: batchNorm2d,
  },
};
