/**
 * Reference convolution and its two gradients, straight from the definition: for every output pixel and output channel,
 * run over the taps and the channels of the group. Sums in FP64, one rounding per output. Meaning: contract.ts.
 */
import type { ConvAttrs } from "../contract.ts";
import { productScale } from "./shared-exponents.ts";
import { type ConvShape, convShape, newTaps, type Taps, tapsOf } from "./taps.ts";
import type { RefArray, ReferenceKernel } from "./tensor.ts";

/** x[NHWC], w[KRSC] (, Ex, Ew) → y[N,OH,OW,K]. */
export const conv2d: ReferenceKernel<"conv2d"> = ([x, w, ...exponents], [y], attrs) => {
  const scale = productScale(attrs.carrier, exponents);
  const shape = convShape(x.shape, w.shape, y.shape);
  const xs = x.data;
  const ws = w.data;
  const ys = y.data;
  forEachOutput(shape, attrs, (pixel, image, taps, k, kernel, groupStart, groupChannels) => {
    let sum = 0;
    for (let t = 0; t < taps.count; t++) {
      const from = image + groupStart + taps.image[t];
      const weight = kernel + taps.kernel[t];
      for (let c = 0; c < groupChannels; c++) sum += xs[from + c] * ws[weight + c];
    }
    ys[pixel * shape.outChannels + k] = sum * scale;
  });
};

/** gy[N,OH,OW,K], w[KRSC] (, Egy, Ew) → gx[NHWC]. */
export const conv2dGradInput: ReferenceKernel<"conv2dGradInput"> = ([gy, w, ...exponents], [gx], attrs) => {
  const scale = productScale(attrs.carrier, exponents);
  const shape = convShape(gx.shape, w.shape, gy.shape);
  const sums = new Float64Array(gx.data.length);
  const ws = w.data;
  const gys = gy.data;
  forEachOutput(shape, attrs, (pixel, image, taps, k, kernel, groupStart, groupChannels) => {
    const g = gys[pixel * shape.outChannels + k];
    for (let t = 0; t < taps.count; t++) {
      const to = image + groupStart + taps.image[t];
      const weight = kernel + taps.kernel[t];
      for (let c = 0; c < groupChannels; c++) sums[to + c] += g * ws[weight + c];
    }
  });
  storeScaled(sums, scale, gx.data);
};

/** gy[N,OH,OW,K], x[NHWC] (, Egy, Ex) → gw[KRSC]. */
export const conv2dGradWeight: ReferenceKernel<"conv2dGradWeight"> = ([gy, x, ...exponents], [gw], attrs) => {
  const scale = productScale(attrs.carrier, exponents);
  const shape = convShape(x.shape, gw.shape, gy.shape);
  const sums = new Float64Array(gw.data.length);
  const xs = x.data;
  const gys = gy.data;
  forEachOutput(shape, attrs, (pixel, image, taps, k, kernel, groupStart, groupChannels) => {
    const g = gys[pixel * shape.outChannels + k];
    for (let t = 0; t < taps.count; t++) {
      const from = image + groupStart + taps.image[t];
      const to = kernel + taps.kernel[t];
      for (let c = 0; c < groupChannels; c++) sums[to + c] += g * xs[from + c];
    }
  });
  storeScaled(sums, scale, gw.data);
};

type OutputVisitor = (
  pixel: number,
  image: number,
  taps: Taps,
  k: number,
  kernel: number,
  groupStart: number,
  groupChannels: number,
) => void;

/**
 * Calls `visit` for every output element: flat output pixel, offset of its image in x, taps, output channel k, offset
 * of k's kernel in w, first input channel of k's group and the group's channel count.
 */
function forEachOutput(shape: ConvShape, attrs: ConvAttrs, visit: OutputVisitor): void {
  const taps = newTaps(shape);
  const groupChannels = shape.channels / attrs.groups;
  const groupOutputs = shape.outChannels / attrs.groups;
  const kernelSize = shape.kernelRows * shape.kernelColumns * groupChannels;
  const imageSize = shape.height * shape.width * shape.channels;
  let pixel = 0;
  for (let n = 0; n < shape.batch; n++) {
    for (let oh = 0; oh < shape.outHeight; oh++) {
      for (let ow = 0; ow < shape.outWidth; ow++, pixel++) {
        tapsOf(oh, ow, shape, attrs, taps);
        for (let k = 0; k < shape.outChannels; k++) {
          const groupStart = Math.floor(k / groupOutputs) * groupChannels;
          visit(pixel, n * imageSize, taps, k, k * kernelSize, groupStart, groupChannels);
        }
      }
    }
  }
}

function storeScaled(sums: Float64Array, scale: number, target: RefArray): void {
  for (let i = 0; i < sums.length; i++) target[i] = sums[i] * scale;
}
