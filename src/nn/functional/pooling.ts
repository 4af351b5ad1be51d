/** Pooling to a given size and along sequences, with PyTorch's names. Images [N, H, W, C], sequences [N, L, C]. */
import { adaptivePoolAttrs } from "../../graph/pooling.ts";
import type { AvgPoolOptions, MaxPoolOptions, Tensor } from "../../graph/tensor.ts";
import { apply } from "./apply.ts";
import { asRow } from "./convolution.ts";

/** Rows and columns of the result; null leaves that axis as it is. */
export type AdaptiveSize = number | readonly [number | null, number | null];

/** x[N,H,W,C] → [N,OH,OW,C]: means over windows that divide the image as evenly as they can, overlapping if they must. */
export function adaptiveAvgPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return apply("avgPool2d", [x], adaptivePoolAttrs(x.shape, outputSize));
}

export function adaptiveMaxPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return apply("maxPool2d", [x], adaptivePoolAttrs(x.shape, outputSize));
}

/** x[N,L,C] → [N,outputSize,C]. */
export function adaptiveAvgPool1d(x: Tensor, outputSize: number): Tensor {
  return asRow(x, (image) => adaptiveAvgPool2d(image, [1, outputSize]));
}

export function adaptiveMaxPool1d(x: Tensor, outputSize: number): Tensor {
  return asRow(x, (image) => adaptiveMaxPool2d(image, [1, outputSize]));
}

export interface MaxPool1dOptions {
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly ceilMode?: boolean;
}

/** x[N,L,C] → [N,OL,C]. */
export function maxPool1d(x: Tensor, options: MaxPool1dOptions): Tensor {
  const { kernelSize, stride = kernelSize, padding = 0, dilation = 1, ceilMode } = options;
  const row: MaxPoolOptions = {
    kernelSize: [1, kernelSize],
    stride: [1, stride],
    padding: [0, padding],
    dilation: [1, dilation],
    ceilMode,
  };
  return asRow(x, (image) => image.maxPool2d(row));
}

export interface AvgPool1dOptions extends Omit<MaxPool1dOptions, "dilation"> {
  readonly countIncludePad?: boolean;
}

/** x[N,L,C] → [N,OL,C]. */
export function avgPool1d(x: Tensor, options: AvgPool1dOptions): Tensor {
  const { kernelSize, stride = kernelSize, padding = 0, ceilMode, countIncludePad } = options;
  const row: AvgPoolOptions = {
    kernelSize: [1, kernelSize],
    stride: [1, stride],
    padding: [0, padding],
    ceilMode,
    countIncludePad,
  };
  return asRow(x, (image) => image.avgPool2d(row));
}
