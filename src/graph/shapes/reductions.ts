/** Shapes of operations that combine the elements along axes. Part of shapes.ts. */
import { existing, type Shape, type ShapeRules, same } from "./rule.ts";

export const reductionShapes: Pick<
  ShapeRules,
  "reduceSum" | "reduce" | "reduceGrad" | "softmax" | "softmaxGrad" | "cumsum"
> = {
  reduceSum: ([x], { axes }) => [{ shape: withoutAxes(x, axes) }],
  reduce: ([x], { axes }) => [{ shape: withoutAxes(x, axes) }],
  reduceGrad: ([gy, x], { axes }) => {
    same("gradient and result", gy, withoutAxes(x, axes));
    return [{ shape: x }];
  },
  softmax: ([x], { axis }) => [{ shape: along(x, axis) }],
  softmaxGrad: ([y, gy], { axis }) => [{ shape: along(same("result and gradient", y, gy), axis) }],
  cumsum: ([x], { axis }) => [{ shape: along(x, axis) }],
};

function withoutAxes(x: Shape, axes: readonly number[]): Shape {
  for (const axis of axes) existing(axis, x);
  return x.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function along(x: Shape, axis: number): Shape {
  existing(axis, x);
  return x;
}
