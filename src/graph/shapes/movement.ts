/** Shapes of operations that add up, repeat or move elements. Part of shapes.ts. */
import { broadcastShapes, mismatch, type Shape, type ShapeRules, same, text } from "./rule.ts";

export const movementShapes: Pick<ShapeRules, "reduceSum" | "broadcastTo" | "transpose" | "reshape"> = {
  reduceSum: ([x], { axes }) => [{ shape: x.map((size, axis) => (axes.includes(axis) ? 1 : size)) }],
  broadcastTo: ([x], { shape }) => [{ shape: same("broadcast shape", broadcastShapes(x, shape), shape) }],
  transpose: ([x], { perm }) => [{ shape: permute(x, perm) }],
  reshape: ([x], { shape }) => [{ shape: reshaped(x, shape) }],
};

function permute(x: Shape, perm: readonly number[]): Shape {
  const sorted = [...perm].sort((p, q) => p - q);
  if (perm.length !== x.length || sorted.some((axis, i) => axis !== i)) {
    throw mismatch("perm is not a permutation of the axes", `${x.length} axes of ${text(x)}`, text(perm));
  }
  return perm.map((axis) => x[axis]);
}

function reshaped(x: Shape, shape: Shape): Shape {
  const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);
  if (count(x) !== count(shape))
    throw mismatch("element counts differ", `${count(x)} of ${text(x)}`, text(shape));
  return shape;
}
