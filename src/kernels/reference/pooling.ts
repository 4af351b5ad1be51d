/**
 * Reference pooling over windows of NHWC images. Sums in FP64, rounded once. Meaning: contract.ts.
 */
import type { AvgPoolAttrs, PoolAttrs } from "../contract.ts";
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

/** x[NHWC] → y[N,OH,OW,C]: sum of the window over its divisor. */
export const avgPool2d: ReferenceKernel<"avgPool2d"> = ([x], [y], attrs) => {
  const [, , , channels] = x.shape;
  forEachWindow(x.shape, y.shape, attrs, (image, output, positions, window) => {
    const divisor = divisorOf(positions, window, x.shape, attrs);
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
  forEachWindow(gx.shape, gy.shape, attrs, (image, output, positions, window) => {
    const divisor = divisorOf(positions, window, gx.shape, attrs);
    for (const position of positions) {
      for (let c = 0; c < channels; c++)
        sums[image + position * channels + c] += gy.data[output + c] / divisor;
    }
  });
  gx.data.set(sums);
};

/** What the sum of a window is divided by. `window`: its [oh, ow]. */
function divisorOf(
  positions: readonly number[],
  [oh, ow]: readonly [number, number],
  [, height, width]: readonly number[],
  attrs: AvgPoolAttrs,
): number {
  if (attrs.divisorOverride !== 0) return attrs.divisorOverride;
  if (attrs.adaptive || !attrs.countIncludePad) return positions.length;
  const extent = (o: number, size: number, kernel: number, stride: number, pad: number) =>
    Math.min(o * stride - pad + kernel, size + pad) - (o * stride - pad);
  const rows = extent(oh, height, attrs.kernelH, attrs.strideH, attrs.padH);
  return rows * extent(ow, width, attrs.kernelW, attrs.strideW, attrs.padW);
}

/**
 * Calls `visit` for every output pixel: offset of its image in x, offset of its first channel in y, the positions
 * h·W + w of the window that lie inside the image, in row order, and [oh, ow].
 */
function forEachWindow(
  [batch, height, width, channels]: readonly number[],
  [, outHeight, outWidth]: readonly number[],
  attrs: PoolAttrs,
  visit: (
    image: number,
    output: number,
    positions: readonly number[],
    window: readonly [number, number],
  ) => void,
): void {
  for (let oh = 0; oh < outHeight; oh++) {
    const rows = attrs.adaptive
      ? adaptiveIndices(oh, height, outHeight)
      : windowIndices(oh, height, attrs.kernelH, attrs.strideH, attrs.padH, attrs.dilationH);
    for (let ow = 0; ow < outWidth; ow++) {
      const columns = attrs.adaptive
        ? adaptiveIndices(ow, width, outWidth)
        : windowIndices(ow, width, attrs.kernelW, attrs.strideW, attrs.padW, attrs.dilationW);
      const positions = rows.flatMap((h) => columns.map((w) => h * width + w));
      for (let n = 0; n < batch; n++) {
        const output = ((n * outHeight + oh) * outWidth + ow) * channels;
        visit(n * height * width * channels, output, positions, [oh, ow]);
      }
    }
  }
}

/** The rows (or columns) of window `o` that lie in the image. */
function windowIndices(
  o: number,
  size: number,
  kernel: number,
  stride: number,
  pad: number,
  dilation: number,
): number[] {
  return Array.from({ length: kernel }, (_, r) => o * stride - pad + r * dilation).filter(
    (index) => index >= 0 && index < size,
  );
}

function adaptiveIndices(o: number, size: number, outSize: number): number[] {
  const first = Math.floor((o * size) / outSize);
  return Array.from({ length: Math.ceil(((o + 1) * size) / outSize) - first }, (_, i) => first + i);
}
