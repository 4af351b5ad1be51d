/**
 * Reference kernels that repeat, cut or move elements: every output element is one input element, or none. Meaning:
 * contract/movement.ts.
 */
import type { PadEdgeAttrs } from "../contract.ts";
import { denseStrides, type RefArray, type ReferenceKernel } from "./tensor.ts";
import { broadcastStrides, linesAlong, rowShape, walkRows } from "./walk.ts";

/** x → y of a shape that x broadcasts to. */
export const broadcastTo: ReferenceKernel<"broadcastTo"> = ([x], [y]) => {
  copyStrided({ from: x.data, strides: broadcastStrides(x.shape, y.shape), start: 0 }, y.data, y.shape);
};

/** x → y, axis i of y is axis perm[i] of x. */
export const transpose: ReferenceKernel<"transpose"> = ([x], [y], { perm }) => {
  const dense = denseStrides(x.shape);
  copyStrided({ from: x.data, strides: perm.map((axis) => dense[axis]), start: 0 }, y.data, y.shape);
};

/** x → y[i…] = x[starts + steps·i…]. */
export const slice: ReferenceKernel<"slice"> = ([x], [y], { starts, steps }) => {
  copyStrided({ from: x.data, ...stepping(x.shape, starts, steps) }, y.data, y.shape);
};

/** x → y[starts + steps·i…] = x[i…], `value` elsewhere. */
export const place: ReferenceKernel<"place"> = ([x], [y], { value, starts, steps }) => {
  y.data.fill(value);
  const dense = denseStrides(x.shape);
  const { strides, start } = stepping(y.shape, starts, steps);
  const { length, stepB } = rowShape(x.shape, dense, strides);
  walkRows(x.shape, dense, strides, (from, to) => {
    for (let i = 0; i < length; i++) y.data[start + to + i * stepB] = x.data[from + i];
  });
};

/** x₀, x₁, … → y. */
export const concat: ReferenceKernel<"concat"> = (inputs, [y], { axis }) => {
  const { outer, length, inner } = linesAlong(y.shape, axis);
  let position = 0;
  for (const { data, shape } of inputs) {
    const run = shape[axis] * inner;
    for (let o = 0; o < outer; o++) {
      y.data.set(data.subarray(o * run, (o + 1) * run), (o * length + position) * inner);
    }
    position += shape[axis];
  }
};

/** x → y, continued at both ends of the axis. */
export const padEdge: ReferenceKernel<"padEdge"> = ([x], [y], attrs) => {
  forEachPadded(x.shape, y.shape, attrs, (from, to) => {
    y.data[to] = x.data[from];
  });
};

/** gy → gx, summed over the places that show an element. */
export const padEdgeGrad: ReferenceKernel<"padEdgeGrad"> = ([gy], [gx], attrs) => {
  const sums = new Float64Array(gx.data.length);
  forEachPadded(gx.shape, gy.shape, attrs, (from, to) => {
    sums[from] += gy.data[to];
  });
  gx.data.set(sums);
};

function forEachPadded(
  x: readonly number[],
  y: readonly number[],
  { axis, before, mode }: PadEdgeAttrs,
  visit: (from: number, to: number) => void,
): void {
  const { outer, length, inner } = linesAlong(x, axis);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < y[axis]; i++) {
      const source = paddedPosition(i - before, length, mode);
      for (let k = 0; k < inner; k++) {
        visit((o * length + source) * inner + k, (o * y[axis] + i) * inner + k);
      }
    }
  }
}

/** Which element of a row of `length` stands at position `at`, inside or next to it. */
function paddedPosition(at: number, length: number, mode: PadEdgeAttrs["mode"]): number {
  if (mode === "replicate") return Math.max(0, Math.min(length - 1, at));
  if (mode === "circular") return (at + length) % length;
  return at < 0 ? -at : at < length ? at : 2 * (length - 1) - at;
}

/** Strides and start with which starts + steps·i of a dense tensor of `shape` is read or written. */
function stepping(shape: readonly number[], starts: readonly number[], steps: readonly number[]) {
  const dense = denseStrides(shape);
  return {
    strides: dense.map((stride, axis) => stride * steps[axis]),
    start: dense.reduce((sum, stride, axis) => sum + stride * starts[axis], 0),
  };
}

interface Strided {
  readonly from: RefArray;
  readonly strides: readonly number[];
  readonly start: number;
}

/** Fills the dense `target` of shape `shape` by reading with the given strides. */
function copyStrided({ from, strides, start }: Strided, target: RefArray, shape: readonly number[]): void {
  const dense = denseStrides(shape);
  const { length, stepB } = rowShape(shape, dense, strides);
  walkRows(shape, dense, strides, (to, offset) => {
    for (let i = 0; i < length; i++) target[to + i] = from[start + offset + i * stepB];
  });
}
