/**
 * Walking two tensors of different layouts in step: what broadcasting, permuting and reducing have in common. Knows
 * only shapes and strides; a stride of 0 repeats (reading) or accumulates (writing).
 */
import { elementCount } from "../../base/shape.ts";
import { denseStrides } from "./tensor.ts";

/**
 * Strides with which a tensor of `shape` is read as if it had shape `target` (NumPy broadcasting: aligned at the last
 * axis, size 1 repeats).
 */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const dense = denseStrides(shape);
  const missing = target.length - shape.length;
  return target.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : dense[axis - missing]));
}

/**
 * Calls `row` for every run along the last axis of `shape`, in memory order, with the offset of the run's first
 * element in each of two layouts. A rank-0 shape is one run of one element.
 */
export function walkRows(
  shape: readonly number[],
  stridesA: readonly number[],
  stridesB: readonly number[],
  row: (offsetA: number, offsetB: number) => void,
): void {
  const outer = shape.slice(0, -1);
  if (shape.includes(0)) return;
  const index = new Array<number>(outer.length).fill(0);
  let offsetA = 0;
  let offsetB = 0;
  while (true) {
    row(offsetA, offsetB);
    let axis = outer.length - 1;
    for (; axis >= 0; axis--) {
      offsetA += stridesA[axis];
      offsetB += stridesB[axis];
      if (++index[axis] < outer[axis]) break;
      offsetA -= stridesA[axis] * outer[axis];
      offsetB -= stridesB[axis] * outer[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** Length of the last axis and its stride in each layout; a rank-0 tensor is one element. */
export function rowShape(
  shape: readonly number[],
  stridesA: readonly number[],
  stridesB: readonly number[],
): { readonly length: number; readonly stepA: number; readonly stepB: number } {
  const length = shape.at(-1) ?? 1;
  return { length, stepA: stridesA.at(-1) ?? 0, stepB: stridesB.at(-1) ?? 0 };
}

/** A dense tensor along one of its axes: `outer` × `length` × `inner`, so that element (o, i, k) is (o·length + i)·inner + k. */
export interface Lines {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

export function linesAlong(shape: readonly number[], axis: number): Lines {
  return {
    outer: elementCount(shape.slice(0, axis)),
    length: shape[axis],
    inner: elementCount(shape.slice(axis + 1)),
  };
}

/** Calls `line` with the first element of every line along the axis; its elements are `inner` apart. */
export function forEachLine({ outer, length, inner }: Lines, line: (first: number) => void): void {
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < inner; k++) line(o * length * inner + k);
  }
}
