/**
 * Reference embedding: rows of a table by index, bags of rows, and both gradients. Sums in FP64 in the order of the
 * indices, rounded once when stored. Meaning: contract/sequences.ts (as PyTorch's embedding and embedding_bag).
 */
import type { EmbeddingAttrs } from "../contract.ts";
import type { ReferenceKernel, RefTensor } from "./tensor.ts";

/** A run of indices that makes one row of the result. */
interface Bag {
  readonly first: number;
  readonly end: number;
}

/** weight[V,D], indices (, offsets) → y[bags,D]. */
export const embedding: ReferenceKernel<"embedding"> = ([weight, indices, offsets], [y], attrs) => {
  const [rows, features] = weight.shape;
  bags(y.data.length / features, indices, offsets).forEach((bag, b) => {
    const sum = new Float64Array(features);
    const counted = members(bag, indices, attrs);
    for (const i of counted) {
      const row = indices.data[i];
      for (let d = 0; d < features; d++) {
        sum[d] += row >= 0 && row < rows ? weight.data[row * features + d] : Number.NaN;
      }
    }
    const divisor = attrs.mode === "mean" ? Math.max(counted.length, 1) : 1;
    for (let d = 0; d < features; d++) y.data[b * features + d] = sum[d] / divisor;
  });
};

/** gy, indices (, offsets) → gWeight[V,D]. */
export const embeddingGrad: ReferenceKernel<"embeddingGrad"> = ([gy, indices, offsets], [gWeight], attrs) => {
  const features = gWeight.shape[1];
  const sums = new Float64Array(gWeight.data.length);
  addGradients(gy, bags(gy.data.length / features, indices, offsets), indices, attrs, (row, d, g) => {
    if (row < gWeight.shape[0]) sums[row * features + d] += g;
  });
  gWeight.data.set(sums);
};

/** gy, indices (, offsets) → rows i32[n], gRows[n,D]. */
export const embeddingGradRows: ReferenceKernel<"embeddingGradRows"> = (
  [gy, indices, offsets],
  [rows, gRows],
  attrs,
) => {
  const features = gRows.shape[1];
  const sums = new Map<number, Float64Array>();
  addGradients(gy, bags(gy.data.length / features, indices, offsets), indices, attrs, (row, d, g) => {
    const sum = sums.get(row) ?? new Float64Array(features);
    sum[d] += g;
    sums.set(row, sum);
  });
  rows.data.fill(-1);
  gRows.data.fill(0);
  [...sums.keys()]
    .sort((a, b) => a - b)
    .forEach((row, i) => {
      rows.data[i] = row;
      gRows.data.set(sums.get(row)!, i * features);
    });
};

function bags(count: number, indices: RefTensor, offsets: RefTensor | undefined): Bag[] {
  const total = indices.data.length;
  const inside = (place: number) => Math.min(Math.max(place, 0), total);
  return Array.from({ length: count }, (_, b) => {
    if (offsets === undefined) return { first: (b * total) / count, end: ((b + 1) * total) / count };
    const end = b + 1 < count ? inside(offsets.data[b + 1]) : total;
    return { first: inside(offsets.data[b]), end };
  });
}

/** The places of a bag's indices that count: a lookup counts the padding row too. */
function members({ first, end }: Bag, indices: RefTensor, { mode, paddingIndex }: EmbeddingAttrs): number[] {
  const places = Array.from({ length: Math.max(end - first, 0) }, (_, i) => first + i);
  return mode === "lookup" ? places : places.filter((i) => indices.data[i] !== paddingIndex);
}

/** Calls `add(row, feature, gradient)` for every index that gets a gradient, in order. */
function addGradients(
  gy: RefTensor,
  all: readonly Bag[],
  indices: RefTensor,
  attrs: EmbeddingAttrs,
  add: (row: number, feature: number, gradient: number) => void,
): void {
  const features = gy.data.length / Math.max(all.length, 1);
  all.forEach((bag, b) => {
    const counted = members(bag, indices, attrs);
    const divisor = attrs.mode === "mean" ? Math.max(counted.length, 1) : 1;
    for (const i of counted) {
      const row = indices.data[i];
      if (row < 0 || row === attrs.paddingIndex) continue;
      for (let d = 0; d < features; d++) add(row, d, gy.data[b * features + d] / divisor);
    }
  });
}
