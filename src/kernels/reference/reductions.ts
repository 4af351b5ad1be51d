/**
 * Reference kernels that work along axes: sums, repetition, permutation. Sums are accumulated in FP64 in memory order and
 * rounded once when stored. Meaning: contract.ts.
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

/** x → y of a shape that x broadcasts to. */
export const broadcastTo: ReferenceKernel<"broadcastTo"> = ([x], [y]) => {
  const strides = broadcastStrides(x.shape, y.shape);
  gather(x.data, strides, y.data, y.shape);
};

/** x → y, axis i of y is axis perm[i] of x. */
export const transpose: ReferenceKernel<"transpose"> = ([x], [y], { perm }) => {
  const strides = denseStrides(x.shape);
  gather(
    x.data,
    perm.map((axis) => strides[axis]),
    y.data,
    y.shape,
  );
};

/** Fills the dense `target` of shape `shape` by reading `source` with the given strides. */
function gather(
  source: ArrayLike<number>,
  strides: readonly number[],
  target: { [index: number]: number },
  shape: readonly number[],
): void {
  const dense = denseStrides(shape);
  const { length, stepB } = rowShape(shape, dense, strides);
  walkRows(shape, dense, strides, (to, from) => {
    for (let i = 0; i < length; i++) target[to + i] = source[from + i * stepB];
  });
}
