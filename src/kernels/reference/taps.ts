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

/**
 * `count` runs of elements that lie side by side in the image and in the kernel: offset of the first one within the
 * image (of the first group), offset within one output channel's kernel [R,S,C/groups], and length.
 */
export interface Taps {
  count: number;
  readonly image: Int32Array;
  readonly kernel: Int32Array;
  readonly length: Int32Array;
}

export function newTaps(shape: ConvShape): Taps {
  const most = shape.kernelRows * shape.kernelColumns;
  return {
    count: 0,
    image: new Int32Array(most),
    kernel: new Int32Array(most),
    length: new Int32Array(most),
  };
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
      const image = (h * shape.width + w) * shape.channels;
      const kernel = (r * shape.kernelColumns + s) * groupChannels;
      appendTap(taps, image, kernel, groupChannels);
    }
  }
}

/** Adds a run, or lengthens the last one if it ends where this one begins: without groups, a whole kernel row. */
function appendTap(taps: Taps, image: number, kernel: number, length: number): void {
  const last = taps.count - 1;
  if (last >= 0 && isNext(taps, last, image, kernel)) {
    taps.length[last] += length;
    return;
  }
  taps.image[taps.count] = image;
  taps.kernel[taps.count] = kernel;
  taps.length[taps.count] = length;
  taps.count++;
}

function isNext(taps: Taps, last: number, image: number, kernel: number): boolean {
  return taps.image[last] + taps.length[last] === image && taps.kernel[last] + taps.length[last] === kernel;
}
