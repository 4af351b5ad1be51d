/**
 * Reference local response normalisation across neighbouring channels and its gradient. Sums in FP64, one rounding.
 * Source: Krizhevsky et al. 2012, section 3.3, with alpha divided by size as PyTorch does. Meaning: contract.ts.
 */
import type { LocalResponseNormAttrs } from "../contract/normalization.ts";
import type { RefArray, ReferenceKernel } from "./tensor.ts";

/** x[…,C] → y = x·s^−beta. */
export const localResponseNorm: ReferenceKernel<"localResponseNorm"> = ([x], [y], attrs) => {
  const channels = x.shape[x.shape.length - 1];
  for (let row = 0; row < x.data.length; row += channels) {
    const sums = windowSums(x.data, row, channels, attrs);
    for (let c = 0; c < channels; c++) y.data[row + c] = x.data[row + c] * sums[c] ** -attrs.beta;
  }
};

/** gy, x → gx. */
export const localResponseNormGrad: ReferenceKernel<"localResponseNormGrad"> = ([gy, x], [gx], attrs) => {
  const { size, alpha, beta } = attrs;
  const channels = x.shape[x.shape.length - 1];
  for (let row = 0; row < x.data.length; row += channels) {
    const sums = windowSums(x.data, row, channels, attrs);
    const pull = sums.map((s, c) => gy.data[row + c] * x.data[row + c] * s ** (-beta - 1));
    for (let c = 0; c < channels; c++) {
      // The windows that hold c are those of channels c − ⌊(size − 1)/2⌋ … c + ⌊size/2⌋.
      let pulls = 0;
      const last = Math.min(channels - 1, c + Math.floor(size / 2));
      for (let j = Math.max(0, c - Math.floor((size - 1) / 2)); j <= last; j++) pulls += pull[j];
      const direct = gy.data[row + c] * sums[c] ** -beta;
      gx.data[row + c] = direct - ((2 * alpha * beta) / size) * x.data[row + c] * pulls;
    }
  }
};

/** s of every channel of the pixel that begins at `row`. */
function windowSums(
  x: RefArray,
  row: number,
  channels: number,
  { size, alpha, k }: LocalResponseNormAttrs,
): Float64Array {
  return Float64Array.from({ length: channels }, (_, c) => {
    let squares = 0;
    const last = Math.min(channels - 1, c + Math.floor((size - 1) / 2));
    for (let j = Math.max(0, c - Math.floor(size / 2)); j <= last; j++) squares += x[row + j] ** 2;
    return k + (alpha / size) * squares;
  });
}
