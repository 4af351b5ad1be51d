/** Gradient checks of pooling. */
import type { AvgPoolOptions, MaxPoolOptions, Tensor } from "../../src/graph/tensor.ts";
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool1d,
  type InterpolateOptions,
  interpolate,
  maxPool1d,
} from "../../src/nn/index.ts";
import { type GradientCase, input } from "./inputs.ts";

const MAXIMA: readonly MaxPoolOptions[] = [
  { kernelSize: 3, stride: 2, padding: 1 },
  { kernelSize: 3, stride: 2, ceilMode: true },
  { kernelSize: [2, 3], stride: [1, 2], padding: [1, 0], dilation: [3, 2] },
];

const AVERAGES: readonly AvgPoolOptions[] = [
  { kernelSize: 3, stride: 2, padding: 1 },
  { kernelSize: 3, stride: 2, padding: 1, ceilMode: true },
  { kernelSize: [3, 2], stride: 2, padding: 1, countIncludePad: false },
  { kernelSize: 2, divisorOverride: 3 },
];

const SIZES = [1, 3, [5, 2], [null, 9]] as const;

const RESAMPLINGS: readonly InterpolateOptions[] = [
  { scaleFactor: 2 },
  { size: [3, 7] },
  { size: [7, 3], mode: "nearestExact" },
  { scaleFactor: [2, 1.7], mode: "bilinear" },
  { size: [7, 3], mode: "bilinear", alignCorners: true },
];

export const windowGradients: readonly GradientCase[] = [
  ...MAXIMA.map(
    (options): GradientCase => ({
      name: `maxPool2d ${JSON.stringify(options)}`,
      covers: "maxPool2d",
      build: ([x]: Tensor[]) => x.maxPool2d(options),
      inputs: [input(2, 8, 6, 3)],
    }),
  ),
  ...AVERAGES.map(
    (options): GradientCase => ({
      name: `avgPool2d ${JSON.stringify(options)}`,
      covers: "avgPool2d",
      build: ([x]: Tensor[]) => x.avgPool2d(options),
      inputs: [input(2, 8, 6, 3)],
    }),
  ),
  ...SIZES.flatMap((size): GradientCase[] => [
    {
      name: `adaptiveAvgPool2d ${JSON.stringify(size)}`,
      covers: "avgPool2d",
      build: ([x]: Tensor[]) => adaptiveAvgPool2d(x, size),
      inputs: [input(2, 7, 5, 3)],
    },
    {
      name: `adaptiveMaxPool2d ${JSON.stringify(size)}`,
      covers: "maxPool2d",
      build: ([x]: Tensor[]) => adaptiveMaxPool2d(x, size),
      inputs: [input(2, 7, 5, 3)],
    },
  ]),
  {
    name: "maxPool1d",
    covers: "maxPool2d",
    build: ([x]) => maxPool1d(x, { kernelSize: 3, stride: 2, padding: 1 }),
    inputs: [input(2, 9, 3)],
  },
  {
    name: "avgPool1d",
    covers: "avgPool2d",
    build: ([x]) => avgPool1d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }),
    inputs: [input(2, 9, 3)],
  },
  ...RESAMPLINGS.map(
    (options): GradientCase => ({
      name: `interpolate ${JSON.stringify(options)}`,
      covers: "resample2d",
      build: ([x]: Tensor[]) => interpolate(x, options),
      inputs: [input(2, 4, 5, 3)],
    }),
  ),
];
