/** Golden operations: pooling and resampling. */
import type { Tensor } from "../../../graph/tensor.ts";
import { adaptiveAvgPool2d, adaptiveMaxPool2d, interpolate } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperation, GoldenOperations } from "./operation.ts";

function windowOptions(attributes: Attributes) {
  const kernelSize = attributes.pair("kernelSize");
  const stride = attributes.pair("stride", kernelSize);
  const padding = attributes.pair("padding", 0);
  return { kernelSize, stride, padding, ceilMode: attributes.boolean("ceilMode", false) };
}

function maxPool2d(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const dilation = attributes.pair("dilation", 1);
  return { output: args.get("x").maxPool2d({ ...windowOptions(attributes), dilation }) };
}

function avgPool2d(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const countIncludePad = attributes.boolean("countIncludePad", true);
  const divisorOverride = attributes.number("divisorOverride", 0);
  const options = { ...windowOptions(attributes), countIncludePad, divisorOverride };
  return { output: args.get("x").avgPool2d(options) };
}

const adaptive = (pool: typeof adaptiveAvgPool2d): GoldenOperation => ({
  channelsLast: ["x", "output"],
  build: (args, attributes) => ({ output: pool(args.get("x"), attributes.sizes("outputSize")) }),
});

const MODES = { nearest: "nearest", "nearest-exact": "nearestExact", bilinear: "bilinear" } as const;

function interpolateOf(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const mode = MODES[attributes.choice("mode", ["nearest", "nearest-exact", "bilinear"])];
  const alignCorners = attributes.boolean("alignCorners", false);
  const size = attributes.has("size") ? attributes.pair("size") : undefined;
  const scaleFactor = attributes.has("scaleFactor") ? attributes.pair("scaleFactor") : undefined;
  return { output: interpolate(args.get("x"), { mode, alignCorners, size, scaleFactor }) };
}

export const windowsOperations: GoldenOperations = {
  maxPool2d: { channelsLast: ["x", "output"], build: maxPool2d },
  avgPool2d: { channelsLast: ["x", "output"], build: avgPool2d },
  adaptiveAvgPool2d: adaptive(adaptiveAvgPool2d),
  adaptiveMaxPool2d: adaptive(adaptiveMaxPool2d),
  interpolate: { channelsLast: ["x", "output"], build: interpolateOf },
};
