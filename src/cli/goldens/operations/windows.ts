/** Golden operations: pooling. */

import type { Tensor } from "../../../graph/tensor.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperation, GoldenOperations } from "./operation.ts";

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

function globalAvgPool(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  attributes.only("outputSize", 1);
  return { output: args.get("x").mean({ axes: [1, 2], keepDims: true }) };
}

export const windowsOperations: GoldenOperations = {
  maxPool2d: pooling("maxPool2d"),
  avgPool2d: pooling("avgPool2d"),
  adaptiveAvgPool2d: { channelsLast: ["x", "output"], build: globalAvgPool },
};
