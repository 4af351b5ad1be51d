/**
 * Reference group normalisation, which is also instance, layer and RMS norm. Statistics in FP64 in two passes, outputs
 * rounded once. Sources: Wu & He 2018 (group), Ba et al. 2016 (layer), Zhang & Sennrich 2019 (RMS). See contract.ts.
 */
import type { GroupNormAttrs } from "../contract/normalization.ts";
import type { ReferenceKernel } from "./tensor.ts";

/** x[N,…,C], weight, bias → y, mean[N,groups], invStd[N,groups]. */
export const groupNorm: ReferenceKernel<"groupNorm"> = ([x, weight, bias], [y, mean, invStd], attrs) => {
  forEachGroup(x.shape, attrs, (group, elements) => {
    let sum = 0;
    for (const { at } of elements()) sum += x.data[at];
    const size = groupSize(x.shape, attrs);
    const centre = attrs.centered ? sum / size : 0;
    let squares = 0;
    for (const { at } of elements()) squares += (x.data[at] - centre) ** 2;
    const inverse = 1 / Math.sqrt(squares / size + attrs.eps);
    mean.data[group] = centre;
    invStd.data[group] = inverse;
    for (const { at, channel } of elements()) {
      y.data[at] = (x.data[at] - centre) * inverse * weight.data[channel] + bias.data[channel];
    }
  });
};

/** gy, x, weight, mean, invStd → gx, gWeight[C], gBias[C]. */
export const groupNormGrad: ReferenceKernel<"groupNormGrad"> = (
  [gy, x, weight, mean, invStd],
  [gx, gWeight, gBias],
  attrs,
) => {
  const size = groupSize(x.shape, attrs);
  const sumG = new Float64Array(weight.data.length);
  const sumGX = new Float64Array(weight.data.length);
  forEachGroup(x.shape, attrs, (group, elements) => {
    const normalized = (at: number) => (x.data[at] - mean.data[group]) * invStd.data[group];
    let sumH = 0;
    let sumHX = 0;
    for (const { at, channel } of elements()) {
      const h = gy.data[at] * weight.data[channel];
      sumH += h;
      sumHX += h * normalized(at);
      sumG[channel] += gy.data[at];
      sumGX[channel] += gy.data[at] * normalized(at);
    }
    const meanH = attrs.centered ? sumH / size : 0;
    for (const { at, channel } of elements()) {
      const centred = gy.data[at] * weight.data[channel] - meanH - (normalized(at) * sumHX) / size;
      gx.data[at] = invStd.data[group] * centred;
    }
  });
  gWeight.data.set(sumGX);
  gBias.data.set(sumG);
};

interface Element {
  readonly at: number;
  readonly channel: number;
}

/** Calls `visit` for every group (n·groups + g) with a walk over its elements in memory order. */
function forEachGroup(
  shape: readonly number[],
  { groups }: GroupNormAttrs,
  visit: (group: number, elements: () => Iterable<Element>) => void,
): void {
  const channels = shape[shape.length - 1];
  const positions = shape.slice(1, -1).reduce((product, size) => product * size, 1);
  const width = channels / groups;
  for (let group = 0; group < shape[0] * groups; group++) {
    const first = Math.floor(group / groups) * positions * channels;
    const from = (group % groups) * width;
    visit(group, function* () {
      for (let p = 0; p < positions; p++) {
        for (let channel = from; channel < from + width; channel++) {
          yield { at: first + p * channels + channel, channel };
        }
      }
    });
  }
}

function groupSize(shape: readonly number[], { groups }: GroupNormAttrs): number {
  return shape.slice(1).reduce((product, size) => product * size, 1) / groups;
}
