/**
 * Reference kernels that go by an index tensor or give one. Indices are data: one outside its axis is never followed.
 * Meaning: contract/indexing.ts.
 */
import { denseStrides, type ReferenceKernel, type RefTensor } from "./tensor.ts";
import { forEachLine, linesAlong, rowShape, walkRows } from "./walk.ts";

/** What is read where an index points nowhere. */
const missing = ({ dtype }: RefTensor) => (dtype === "i32" ? -1 : Number.NaN);

/** x, index → y[i] = x[index[i]] along the axis. */
export const gather: ReferenceKernel<"gather"> = ([x, index], [y], { axis }) => {
  const absent = missing(x);
  forEachIndexed(x.shape, index, axis, (i, at) => {
    y.data[i] = at < 0 ? absent : x.data[at];
  });
};

/** x, index → y = zeros, y[index[i]] += x[i] along the axis. */
export const scatterAdd: ReferenceKernel<"scatterAdd"> = ([x, index], [y], { axis }) => {
  const sums = new Float64Array(y.data.length);
  forEachIndexed(y.shape, index, axis, (i, at) => {
    if (at >= 0) sums[at] += x.data[i];
  });
  y.data.set(sums);
};

/** x, index → the slices of x that index names. */
export const indexSelect: ReferenceKernel<"indexSelect"> = ([x, index], [y], { axis }) => {
  const { outer, length, inner } = linesAlong(x.shape, axis);
  const absent = missing(x);
  let next = 0;
  for (let o = 0; o < outer; o++) {
    for (const slice of index.data) {
      const known = slice >= 0 && slice < length;
      const from = (o * length + slice) * inner;
      for (let k = 0; k < inner; k++) y.data[next++] = known ? x.data[from + k] : absent;
    }
  }
};

/** x, index → y = zeros, slice index[m] += slice m of x, in the order of m. */
export const indexAdd: ReferenceKernel<"indexAdd"> = ([x, index], [y], { axis }) => {
  const { outer, length, inner } = linesAlong(y.shape, axis);
  y.data.fill(0);
  let next = 0;
  for (let o = 0; o < outer; o++) {
    for (const slice of index.data) {
      const known = slice >= 0 && slice < length;
      const to = (o * length + slice) * inner;
      for (let k = 0; k < inner; k++, next++) if (known) y.data[to + k] += x.data[next];
    }
  }
};

/** w, rows, values → w with those rows replaced; the last of one name stays. */
export const putRows: ReferenceKernel<"putRows"> = ([w, rows, values], [next]) => {
  const { length, inner } = linesAlong(w.shape, 0);
  next.data.set(w.data);
  rows.data.forEach((row: number, m: number) => {
    if (row < 0 || row >= length) return;
    next.data.set(values.data.subarray(m * inner, (m + 1) * inner), row * inner);
  });
};

/** x → the first k in order, and where they were. */
export const topK: ReferenceKernel<"topK"> = ([x], [values, indices], { axis, largest }) => {
  const lines = linesAlong(x.shape, axis);
  const kept = values.shape[axis];
  forEachLine(lines, (first) => {
    const at = (i: number) => x.data[first + i * lines.inner];
    const order = Array.from({ length: lines.length }, (_, i) => i);
    order.sort((i, j) => (largest ? compare(at(j), at(i)) : compare(at(i), at(j))) || i - j);
    const o = Math.floor(first / (lines.length * lines.inner));
    const to = o * kept * lines.inner + (first % lines.inner);
    for (let rank = 0; rank < kept; rank++) {
      values.data[to + rank * lines.inner] = at(order[rank]);
      indices.data[to + rank * lines.inner] = order[rank];
    }
  });
};

/** x → where the largest or smallest element is. */
export const argReduce: ReferenceKernel<"argReduce"> = ([x], [index], { axis, largest }) => {
  const lines = linesAlong(x.shape, axis);
  let next = 0;
  forEachLine(lines, (first) => {
    let best = 0;
    let value = x.data[first];
    for (let i = 1; i < lines.length; i++) {
      const candidate = x.data[first + i * lines.inner];
      const better = largest ? candidate > value : candidate < value;
      if (!better && (Number.isNaN(value) || !Number.isNaN(candidate))) continue;
      best = i;
      value = candidate;
    }
    index.data[next++] = best;
  });
};

/** Ascending, NaN last, zeros of both signs equal. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : Number(a > b);
}

/** Calls `visit` for every element i of `index` with the element of a tensor of `shape` that it names; −1: none. */
function forEachIndexed(
  shape: readonly number[],
  index: RefTensor,
  axis: number,
  visit: (i: number, at: number) => void,
): void {
  const dense = denseStrides(index.shape);
  const strides = denseStrides(shape);
  const step = strides[axis];
  const beside = strides.map((stride, a) => (a === axis ? 0 : stride));
  const { length, stepB } = rowShape(index.shape, dense, beside);
  walkRows(index.shape, dense, beside, (row, offset) => {
    for (let i = 0; i < length; i++) {
      const named = index.data[row + i];
      visit(row + i, named >= 0 && named < shape[axis] ? offset + i * stepB + named * step : -1);
    }
  });
}
