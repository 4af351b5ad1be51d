/**
 * Which input pixels a convolution multiplies with which kernel positions, for one output pixel. Shared by the forward
 * and both backward kernels, which differ only in what they do with a pair. Knows nothing of the arithmetic.
 */
import type { ConvAttrs } from "../contract.ts";

export interface ConvShape {
  readonly batch: number;
  /** Input rows, columns and channels. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Output rows, columns and channels. */
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  /** Kernel rows and columns. */
  readonly kernelRows: number;
  readonly kernelColumns: number;
}

/** x[N,H,W,C], w[K,R,S,C/groups], y[N,OH,OW,K] → the sizes by name. */
export function convShape(
  x_NHWC: readonly number[],
  w_KRSC: readonly number[],
  y_NHWK: readonly number[],
): ConvShape {
  const [batch, height, width, channels] = x_NHWC;
  const [outChannels, kernelRows, kernelColumns] = w_KRSC;
  const [, outHeight, outWidth] = y_NHWK;
  return { batch, height, width, channels, outHeight, outWidth, outChannels, kernelRows, kernelColumns };
}

/** `count` pairs: offset of the first channel within the image, offset within one group's kernel [R,S,C/groups]. */
export interface Taps {
  count: number;
  readonly image: Int32Array;
  readonly kernel: Int32Array;
}

export function newTaps(shape: ConvShape): Taps {
  const most = shape.kernelRows * shape.kernelColumns;
  return { count: 0, image: new Int32Array(most), kernel: new Int32Array(most) };
}

/** Fills `taps` for output pixel (oh, ow); positions in the padding are left out. */
export function tapsOf(oh: number, ow: number, shape: ConvShape, attrs: ConvAttrs, taps: Taps): void {
  const groupChannels = shape.channels / attrs.groups;
  taps.count = 0;
  for (let r = 0; r < shape.kernelRows; r++) {
    const h = oh * attrs.strideH - attrs.padH + r * attrs.dilationH;
    if (h < 0 || h >= shape.height) continue;
    for (let s = 0; s < shape.kernelColumns; s++) {
      const w = ow * attrs.strideW - attrs.padW + s * attrs.dilationW;
      if (w < 0 || w >= shape.width) continue;
      taps.image[taps.count] = (h * shape.width + w) * shape.channels;
      taps.kernel[taps.count] = (r * shape.kernelColumns + s) * groupChannels;
      taps.count++;
    }
  }
}
