/**
 * Reference pooling over windows of NHWC images. Sums in FP64, rounded once. Meaning: contract.ts.
 */
import type { PoolAttrs } from "../contract.ts";
import type { ReferenceKernel } from "./tensor.ts";

/** x[NHWC] → y[N,OH,OW,C], index: position of the first maximum of the window; the first NaN wins. */
export const maxPool2d: ReferenceKernel<"maxPool2d"> = ([x], [y, index], attrs) => {
  const [, , , channels] = x.shape;
  forEachWindow(x.shape, y.shape, attrs, (image, output, positions) => {
    for (let c = 0; c < channels; c++) {
      let best = positions[0];
      let value = x.data[image + best * channels + c];
      for (const position of positions) {
        const candidate = x.data[image + position * channels + c];
        if (candidate > value || (Number.isNaN(candidate) && !Number.isNaN(value))) {
          best = position;
          value = candidate;
        }
      }
      y.data[output + c] = value;
      index.data[output + c] = best;
    }
  });
};

/** gy[N,OH,OW,C], index → gx[NHWC]: each gradient goes to the position that won. */
export const maxPool2dGrad: ReferenceKernel<"maxPool2dGrad"> = ([gy, index], [gx]) => {
  const [batch, height, width, channels] = gx.shape;
  const sums = new Float64Array(gx.data.length);
  const perImage = gy.data.length / batch;
  for (let i = 0; i < gy.data.length; i++) {
    const image = Math.floor(i / perImage) * height * width * channels;
    sums[image + index.data[i] * channels + (i % channels)] += gy.data[i];
  }
  gx.data.set(sums);
};

/** x[NHWC] → y[N,OH,OW,C]: sum of the window over kernelH·kernelW, padding included. */
export const avgPool2d: ReferenceKernel<"avgPool2d"> = ([x], [y], attrs) => {
  const [, , , channels] = x.shape;
  const divisor = attrs.kernelH * attrs.kernelW;
  forEachWindow(x.shape, y.shape, attrs, (image, output, positions) => {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (const position of positions) sum += x.data[image + position * channels + c];
      y.data[output + c] = sum / divisor;
    }
  });
};

/** gy[N,OH,OW,C] → gx[NHWC]: each gradient is spread evenly over its window. */
export const avgPool2dGrad: ReferenceKernel<"avgPool2dGrad"> = ([gy], [gx], attrs) => {
  const [, , , channels] = gx.shape;
  const sums = new Float64Array(gx.data.length);
  const divisor = attrs.kernelH * attrs.kernelW;
  forEachWindow(gx.shape, gy.shape, attrs, (image, output, positions) => {
    for (const position of positions) {
      for (let c = 0; c < channels; c++) sums[image + position * channels + c] += gy.data[output + c];
    }
  });
  for (let i = 0; i < sums.length; i++) gx.data[i] = sums[i] / divisor;
};

/**
 * Calls `visit` for every output pixel: offset of its image in x, offset of its first channel in y, and the positions
 * h·W + w of the window that lie inside the image, in row order.
 */
function forEachWindow(
  x_NHWC: readonly number[],
  y_NHWC: readonly number[],
  attrs: PoolAttrs,
  visit: (image: number, output: number, positions: readonly number[]) => void,
): void {
  const [batch, height, width, channels] = x_NHWC;
  const [, outHeight, outWidth] = y_NHWC;
  for (let oh = 0; oh < outHeight; oh++) {
    for (let ow = 0; ow < outWidth; ow++) {
      const positions = windowPositions(oh, ow, height, width, attrs);
      for (let n = 0; n < batch; n++) {
        const output = ((n * outHeight + oh) * outWidth + ow) * channels;
        visit(n * height * width * channels, output, positions);
      }
    }
  }
}

function windowPositions(oh: number, ow: number, height: number, width: number, attrs: PoolAttrs): number[] {
  const positions: number[] = [];
  for (let r = 0; r < attrs.kernelH; r++) {
    const h = oh * attrs.strideH - attrs.padH + r;
    for (let s = 0; s < attrs.kernelW; s++) {
      const w = ow * attrs.strideW - attrs.padW + s;
      if (h >= 0 && h < height && w >= 0 && w < width) positions.push(h * width + w);
    }
  }
  return positions;
}
