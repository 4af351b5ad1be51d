/**
 * Reference kernels that move values without arithmetic: fill, copy, broadcastTo, transpose. Meaning: contract.ts.
 */
import { denseStrides, type ReferenceKernel } from "./tensor.ts";
import { broadcastStrides, rowShape, walkRows } from "./walk.ts";

/** → y, every element `value`. */
export const fill: ReferenceKernel<"fill"> = (_inputs, [y], { value }) => {
  y.data.fill(value);
};

/** x → y of the same number of elements. */
export const copy: ReferenceKernel<"copy"> = ([x], [y]) => {
  y.data.set(x.data);
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
