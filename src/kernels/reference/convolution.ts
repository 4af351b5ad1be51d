/**
 * Reference convolution and its two gradients, straight from the definition: for every output pixel and output channel,
 * run over the taps, which cover the channels of the group. Sums in FP64, one rounding per output. Meaning: contract.ts.
 */
import type { ConvAttrs } from "../contract.ts";
import {
  accumulatedForward,
  accumulatedGradInput,
  accumulatedGradWeight,
} from "./accumulated-convolution.ts";
import { productScale } from "./quantize.ts";
import { type ConvShape, convShape, newTaps, type Taps, tapsOf } from "./taps.ts";
import type { RefArray, ReferenceKernel } from "./tensor.ts";

/** x[NHWC], w[KRSC] (, Ex, Ew) → y[N,OH,OW,K]. */
export const conv2d: ReferenceKernel<"conv2d"> = ([x, w, ...exponents], [y], attrs) => {
  const scale = productScale(attrs.carrier, exponents);
  if (attrs.accumulator !== undefined) {
    accumulatedForward(x, w, y, attrs, attrs.accumulator);
    return storeScaled(y.data, scale, y.data);
  }
  const shape = convShape(x.shape, w.shape, y.shape);
  const xs = x.data;
  const ws = w.data;
  const ys = y.data;
  forEachOutput(shape, attrs, (pixel, image, taps, k, kernel) => {
    let sum = 0;
    for (let t = 0; t < taps.count; t++) {
      const from = image + taps.image[t];
      const weight = kernel + taps.kernel[t];
      const length = taps.length[t];
      for (let c = 0; c < length; c++) sum += xs[from + c] * ws[weight + c];
    }
    ys[pixel * shape.outChannels + k] = sum * scale;
  });
};

/** gy[N,OH,OW,K], w[KRSC] (, Egy, Ew) → gx[NHWC]. */
export const conv2dGradInput: ReferenceKernel<"conv2dGradInput"> = ([gy, w, ...exponents], [gx], attrs) => {
  const scale = productScale(attrs.carrier, exponents);
  if (attrs.accumulator !== undefined) {
    accumulatedGradInput(gy, w, gx, attrs, attrs.accumulator);
    return storeScaled(gx.data, scale, gx.data);
  }
  const shape = convShape(gx.shape, w.shape, gy.shape);
  const sums = new Float64Array(gx.data.length);
  const ws = w.data;
  const gys = gy.data;
  forEachOutput(shape, attrs, (pixel, image, taps, k, kernel) => {
    const g = gys[pixel * shape.outChannels + k];
    for (let t = 0; t < taps.count; t++) {
      const to = image + taps.image[t];
      const weight = kernel + taps.kernel[t];
      const length = taps.length[t];
      for (let c = 0; c < length; c++) sums[to + c] += g * ws[weight + c];
    }
  });
  storeScaled(sums, scale, gx.data);
};

/** gy[N,OH,OW,K], x[NHWC] (, Egy, Ex) → gw[KRSC]. */
export const conv2dGradWeight: ReferenceKernel<"conv2dGradWeight"> = ([gy, x, ...exponents], [gw], attrs) => {
  const scale = productScale(attrs.carrier, exponents);
  if (attrs.accumulator !== undefined) {
    accumulatedGradWeight(gy, x, gw, attrs, attrs.accumulator);
    return storeScaled(gw.data, scale, gw.data);
  }
  const shape = convShape(x.shape, gw.shape, gy.shape);
  const sums = new Float64Array(gw.data.length);
  const xs = x.data;
  const gys = gy.data;
  forEachOutput(shape, attrs, (pixel, image, taps, k, kernel) => {
    const g = gys[pixel * shape.outChannels + k];
    for (let t = 0; t < taps.count; t++) {
      const from = image + taps.image[t];
      const to = kernel + taps.kernel[t];
      const length = taps.length[t];
      for (let c = 0; c < length; c++) sums[to + c] += g * xs[from + c];
    }
  });
  storeScaled(sums, scale, gw.data);
};

type OutputVisitor = (pixel: number, image: number, taps: Taps, k: number, kernel: number) => void;

/**
 * Calls `visit` for every output element: flat output pixel, offset in x of its image at the first channel of the
 * group, taps, output channel k, offset of k's kernel in w.
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
          const group = Math.floor(k / groupOutputs);
          visit(pixel, n * imageSize + group * groupChannels, taps, k, k * kernelSize);
        }
      }
    }
  }
}

function storeScaled(sums: ArrayLike<number>, scale: number, target: RefArray): void {
  for (let i = 0; i < sums.length; i++) target[i] = sums[i] * scale;
}
