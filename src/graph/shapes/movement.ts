/** Shapes of operations that repeat, cut or move elements. Part of shapes.ts. */
import {
  broadcastShapes,
  existing,
  mismatch,
  resized,
  type Shape,
  type ShapeRules,
  same,
  text,
} from "./rule.ts";

export const movementShapes: Pick<
  ShapeRules,
  "broadcastTo" | "transpose" | "reshape" | "slice" | "place" | "concat" | "padEdge" | "padEdgeGrad"
> = {
  broadcastTo: ([x], { shape }, [dtype]) => [
    { shape: same("broadcast shape", broadcastShapes(x, shape), shape), dtype },
  ],
  transpose: ([x], { perm }, [dtype]) => [{ shape: permute(x, perm), dtype }],
  reshape: ([x], { shape }, [dtype]) => [{ shape: reshaped(x, shape), dtype }],
  slice: ([x], { starts, steps, shape }, [dtype]) => [{ shape: inside(shape, x, starts, steps), dtype }],
  place: ([x], { starts, steps, shape }, [dtype]) => {
    inside(x, shape, starts, steps);
    return [{ shape, dtype }];
  },
  concat: (shapes, { axis }, dtypes) => [{ shape: joined(shapes, axis), dtype: sameType(dtypes) }],
  padEdge: ([x], { axis, before, mode, shape }, [dtype]) => {
    same("padded shape beside the axis", resized(x, existing(axis, x), 0), resized(shape, axis, 0));
    const after = shape[axis] - x[axis] - before;
    // A reflection does not show the edge itself again, so one element less can be shown.
    const most = mode === "replicate" ? Number.POSITIVE_INFINITY : x[axis] - (mode === "reflect" ? 1 : 0);
    if (before < 0 || after < 0 || before > most || after > most || x[axis] === 0) {
      throw mismatch(`${mode} padding does not fit`, `0 to ${most} for ${text(x)}`, `${before} and ${after}`);
    }
    return [{ shape, dtype }];
  },
  padEdgeGrad: (_, { shape }) => [{ shape }],
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

/** `part`, if the places starts + steps·i of all its elements lie inside `whole`. */
function inside(part: Shape, whole: Shape, starts: readonly number[], steps: readonly number[]): Shape {
  if ([part, starts, steps].some((list) => list.length !== whole.length)) {
    throw mismatch("ranks differ", `${whole.length} axes as ${text(whole)}`, text(part));
  }
  const fits = (size: number, axis: number) => {
    const last = starts[axis] + steps[axis] * (size - 1);
    return (
      Number.isInteger(size) &&
      (size === 0 || (Math.min(starts[axis], last) >= 0 && Math.max(starts[axis], last) < whole[axis]))
    );
  };
  if (!part.every(fits) || steps.includes(0)) {
    const received = `${text(part)} elements from ${text(starts)} in steps of ${text(steps)}`;
    throw mismatch("the slice reaches beyond the tensor", `places inside ${text(whole)}`, received);
  }
  return part;
}

function joined(shapes: readonly Shape[], axis: number): Shape {
  const [first, ...others] = shapes;
  if (first === undefined) throw mismatch("there is nothing to join", "one tensor or more", "none");
  existing(axis, first);
  for (const other of others) {
    if (other.length !== first.length || other.some((size, i) => i !== axis && size !== first[i])) {
      const received = `${text(first)} and ${text(other)}`;
      throw mismatch(`tensors joined along axis ${axis} differ elsewhere`, "equal sizes beside it", received);
    }
  }
  return resized(
    first,
    axis,
    shapes.reduce((sum, shape) => sum + shape[axis], 0),
  );
}

function sameType(dtypes: readonly ("f32" | "i32")[]): "f32" | "i32" {
  if (new Set(dtypes).size > 1) {
    throw mismatch("tensors of different types are joined", "all f32 or all i32", dtypes.join(", "));
  }
  return dtypes[0];
}
