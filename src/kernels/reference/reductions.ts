/**
 * Reference kernels that combine elements along axes: sums, extremes, norms, and their gradients. Accumulated in FP64 in
 * memory order and rounded once when stored. Meaning: contract/reductions.ts.
 */
import { elementCount } from "../../base/shape.ts";
import type { ReduceKind } from "../contract.ts";
import { denseStrides, type RefArray, type ReferenceKernel } from "./tensor.ts";
import { broadcastStrides, rowShape, walkRows } from "./walk.ts";

/** x → y = Σ x over `axes`, which stay as size 1. */
export const reduceSum: ReferenceKernel<"reduceSum"> = ([x], [y], { axes }) => {
  const sums = new Float64Array(y.data.length);
  forEachInGroup(x.shape, axes, (i, group) => {
    sums[group] += x.data[i];
  });
  y.data.set(sums);
};

/** x → y over `axes`, which stay as size 1. */
export const reduce: ReferenceKernel<"reduce"> = ([x], [y], { kind, axes, correction = 0 }) => {
  y.data.set(results(x.data, x.shape, { kind, axes, correction }));
};

/** gy, x → gx. */
export const reduceGrad: ReferenceKernel<"reduceGrad"> = ([gy, x], [gx], attrs) => {
  const { kind, axes, correction = 0 } = attrs;
  const y = results(x.data, x.shape, { kind, axes, correction });
  const size = x.data.length / y.length;
  const sums = new Float64Array(y.length);
  const products = kind === "prod" ? productsOfOthers(x.data, x.shape, axes, y.length) : [];
  forEachInGroup(x.shape, axes, (i, group) => {
    // For the variance the sum, for the extremes the number of equals.
    sums[group] += kind === "variance" ? x.data[i] : Number(x.data[i] === y[group]);
  });
  forEachInGroup(x.shape, axes, (i, group) => {
    const at = x.data[i];
    const slopes: { readonly [Kind in ReduceKind]: () => number } = {
      max: () => (at === y[group] ? 1 / sums[group] : 0),
      min: () => (at === y[group] ? 1 / sums[group] : 0),
      prod: () => products[i],
      logSumExp: () => Math.exp(at - y[group]),
      norm1: () => Math.sign(at),
      norm2: () => (y[group] === 0 ? 0 : at / y[group]),
      variance: () => (2 * (at - sums[group] / size)) / (size - correction),
    };
    gx.data[i] = gy.data[group] * slopes[kind]();
  });
};

interface Reduction {
  readonly kind: ReduceKind;
  readonly axes: readonly number[];
  readonly correction: number;
}

/** The reduction in FP64, one number per group of elements that share their place on the kept axes. */
function results(x: RefArray, shape: readonly number[], { kind, axes, correction }: Reduction): Float64Array {
  const groups = elementCount(shape.filter((_, axis) => !axes.includes(axis)));
  const fold = (start: number, step: (state: number, value: number, group: number) => number) => {
    const state = new Float64Array(groups).fill(start);
    forEachInGroup(shape, axes, (i, group) => {
      state[group] = step(state[group], x[i], group);
    });
    return state;
  };
  const sum = (term: (value: number, group: number) => number) =>
    fold(0, (state, value, group) => state + term(value, group));
  const largest = () => fold(Number.NEGATIVE_INFINITY, (state, value) => Math.max(state, value));
  const size = x.length / groups;
  switch (kind) {
    case "max":
      return largest();
    case "min":
      return fold(Number.POSITIVE_INFINITY, (state, value) => Math.min(state, value));
    case "prod":
      return fold(1, (state, value) => state * value);
    case "norm1":
      return sum(Math.abs);
    case "norm2":
      return sum((value) => value * value).map(Math.sqrt);
    case "variance": {
      const means = sum((value) => value).map((total) => total / size);
      return sum((value, group) => (value - means[group]) ** 2).map((total) => total / (size - correction));
    }
    case "logSumExp": {
      // Subtracting an infinite maximum would give NaN where the result is that infinity.
      const shift = largest().map((value) => (Math.abs(value) === Infinity ? 0 : value));
      return sum((value, group) => Math.exp(value - shift[group])).map(
        (total, group) => shift[group] + Math.log(total),
      );
    }
  }
  return kind satisfies never;
}

/** For every element the product of the other elements of its group. */
function productsOfOthers(
  x: RefArray,
  shape: readonly number[],
  axes: readonly number[],
  groups: number,
): Float64Array {
  const before = new Float64Array(x.length);
  const running = new Float64Array(groups).fill(1);
  const members: [number, number][] = [];
  forEachInGroup(shape, axes, (i, group) => {
    before[i] = running[group];
    running[group] *= x[i];
    members.push([i, group]);
  });
  running.fill(1);
  for (const [i, group] of members.reverse()) {
    before[i] *= running[group];
    running[group] *= x[i];
  }
  return before;
}

/** Calls `visit` for every element in memory order with the number of its group: its place on the axes that are kept. */
function forEachInGroup(
  shape: readonly number[],
  axes: readonly number[],
  visit: (i: number, group: number) => void,
): void {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  // The result is read as x's shape with stride 0 on the reduced axes.
  const strides = broadcastStrides(kept, shape);
  const dense = denseStrides(shape);
  const { length, stepB } = rowShape(shape, dense, strides);
  walkRows(shape, dense, strides, (from, group) => {
    for (let i = 0; i < length; i++) visit(from + i, group + i * stepB);
  });
}
