/**
 * Reference sums over axes. Accumulated in FP64 in memory order, rounded once when stored. Meaning: contract.ts.
 */
import { denseStrides, elementsOf, type ReferenceKernel } from "./tensor.ts";
import { broadcastStrides, rowShape, walkRows } from "./walk.ts";

/** x → y = Σ x over `axes`, which stay as size 1. */
export const reduceSum: ReferenceKernel<"reduceSum"> = ([x], [y], { axes }) => {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const sums = new Float64Array(elementsOf(kept));
  // The output is read as x's shape with stride 0 on the summed axes: adding there accumulates.
  const strides = broadcastStrides(kept, x.shape);
  const dense = denseStrides(x.shape);
  const { length, stepB } = rowShape(x.shape, dense, strides);
  const data = x.data;
  walkRows(x.shape, dense, strides, (from, to) => {
    for (let i = 0; i < length; i++) sums[to + i * stepB] += data[from + i];
  });
  y.data.set(sums);
};
