/**
 * Convolution and its gradients under an accumulator profile: every output is one dot product over all positions, those in
 * the padding included, in the order that contract/accumulators.ts gives them. Written to be read, not to be fast.
 */
import type { Accumulator, ConvAttrs } from "../contract.ts";
import { accumulate } from "./accumulate.ts";
import { type ConvShape, convShape } from "./taps.ts";
import type { RefTensor } from "./tensor.ts";

/** x[NHWC], w[KRSC] → y[N,OH,OW,K]; positions (r, s, c). */
export function accumulatedForward(
  x: RefTensor,
  w: RefTensor,
  y: RefTensor,
  attrs: ConvAttrs,
  accumulator: Accumulator,
): void {
  const shape = convShape(x.shape, w.shape, y.shape);
  const size = w.data.length / shape.outChannels;
  const patch = new Float64Array(size);
  const groupFilters = shape.outChannels / attrs.groups;
  forEachPixel(shape.batch, shape.outHeight, shape.outWidth, (n, oh, ow, pixel) => {
    for (let group = 0; group < attrs.groups; group++) {
      forEachTap(shape, attrs, (r, s, c, position) => {
        patch[position] = imageValue(x, shape, attrs, { n, oh, ow, r, s, group, c });
      });
      for (let k = group * groupFilters; k < (group + 1) * groupFilters; k++) {
        const kernel = Float64Array.from(w.data.subarray(k * size, (k + 1) * size));
        y.data[pixel * shape.outChannels + k] = accumulate(patch, kernel, accumulator);
      }
    }
  });
}

/** gy[N,OH,OW,K], w[KRSC] → gx[NHWC]; positions (r, s, k of the group). */
export function accumulatedGradInput(
  gy: RefTensor,
  w: RefTensor,
  gx: RefTensor,
  attrs: ConvAttrs,
  accumulator: Accumulator,
): void {
  const shape = convShape(gx.shape, w.shape, gy.shape);
  const { kernelRows, kernelColumns, outChannels, channels } = shape;
  const groupFilters = outChannels / attrs.groups;
  const groupChannels = channels / attrs.groups;
  const length = kernelRows * kernelColumns * groupFilters;
  const errors = new Float64Array(length);
  const weights = new Float64Array(length);
  forEachPixel(shape.batch, shape.height, shape.width, (n, h, column, pixel) => {
    for (let channel = 0; channel < channels; channel++) {
      const group = Math.floor(channel / groupChannels);
      for (let position = 0; position < length; position++) {
        const k = group * groupFilters + (position % groupFilters);
        const tap = Math.floor(position / groupFilters);
        const [r, s] = [Math.floor(tap / kernelColumns), tap % kernelColumns];
        const oh = (h + attrs.padH - r * attrs.dilationH) / attrs.strideH;
        const ow = (column + attrs.padW - s * attrs.dilationW) / attrs.strideW;
        errors[position] =
          isIndex(oh, shape.outHeight) && isIndex(ow, shape.outWidth)
            ? gy.data[((n * shape.outHeight + oh) * shape.outWidth + ow) * outChannels + k]
            : 0;
        weights[position] =
          w.data[((k * kernelRows + r) * kernelColumns + s) * groupChannels + (channel % groupChannels)];
      }
      gx.data[pixel * channels + channel] = accumulate(errors, weights, accumulator);
    }
  });
}

/** gy[N,OH,OW,K], x[NHWC] → gw[KRSC]; positions (n, oh, ow). */
export function accumulatedGradWeight(
  gy: RefTensor,
  x: RefTensor,
  gw: RefTensor,
  attrs: ConvAttrs,
  accumulator: Accumulator,
): void {
  const shape = convShape(x.shape, gw.shape, gy.shape);
  const pixels = shape.batch * shape.outHeight * shape.outWidth;
  const size = gw.data.length / shape.outChannels;
  const groupFilters = shape.outChannels / attrs.groups;
  const errors = new Float64Array(pixels);
  const values = new Float64Array(pixels);
  for (let k = 0; k < shape.outChannels; k++) {
    const group = Math.floor(k / groupFilters);
    for (let pixel = 0; pixel < pixels; pixel++) errors[pixel] = gy.data[pixel * shape.outChannels + k];
    forEachTap(shape, attrs, (r, s, c, position) => {
      forEachPixel(shape.batch, shape.outHeight, shape.outWidth, (n, oh, ow, pixel) => {
        values[pixel] = imageValue(x, shape, attrs, { n, oh, ow, r, s, group, c });
      });
      gw.data[k * size + position] = accumulate(errors, values, accumulator);
    });
  }
}

interface Place {
  readonly n: number;
  readonly oh: number;
  readonly ow: number;
  readonly r: number;
  readonly s: number;
  readonly group: number;
  readonly c: number;
}

/** What output pixel (n, oh, ow) sees at kernel position (r, s) in channel c of a group; +0 in the padding. */
function imageValue(x: RefTensor, shape: ConvShape, attrs: ConvAttrs, place: Place): number {
  const { n, oh, ow, r, s, group, c } = place;
  const h = oh * attrs.strideH - attrs.padH + r * attrs.dilationH;
  const w = ow * attrs.strideW - attrs.padW + s * attrs.dilationW;
  if (!isIndex(h, shape.height) || !isIndex(w, shape.width)) return 0;
  const channel = group * (shape.channels / attrs.groups) + c;
  return x.data[((n * shape.height + h) * shape.width + w) * shape.channels + channel];
}

function isIndex(i: number, size: number): boolean {
  return Number.isInteger(i) && i >= 0 && i < size;
}

function forEachPixel(
  batch: number,
  rows: number,
  columns: number,
  visit: (n: number, row: number, column: number, pixel: number) => void,
): void {
  const pixels = rows * columns;
  for (let pixel = 0; pixel < batch * pixels; pixel++) {
    const inImage = pixel % pixels;
    visit(Math.floor(pixel / pixels), Math.floor(inImage / columns), inImage % columns, pixel);
  }
}

function forEachTap(
  shape: ConvShape,
  attrs: ConvAttrs,
  visit: (r: number, s: number, c: number, position: number) => void,
): void {
  const groupChannels = shape.channels / attrs.groups;
  let position = 0;
  for (let r = 0; r < shape.kernelRows; r++) {
    for (let s = 0; s < shape.kernelColumns; s++) {
      for (let c = 0; c < groupChannels; c++) visit(r, s, c, position++);
    }
  }
}
