/** Shapes of operations that go by an index tensor or give one. Part of shapes.ts. */
import {
  existing,
  mismatch,
  type OutputSpec,
  resized,
  type Shape,
  type ShapeRules,
  same,
  text,
} from "./rule.ts";

export const indexingShapes: Pick<
  ShapeRules,
  "gather" | "scatterAdd" | "indexSelect" | "indexAdd" | "putRows" | "topK" | "argReduce"
> = {
  gather: ([x, index], { axis }, [dtype]) => [{ shape: within(index, x, axis), dtype }],
  scatterAdd: ([x, index], { axis, shape }) => {
    within(same("values and index", x, index), shape, axis);
    return [{ shape }];
  },
  indexSelect: ([x, index], { axis }, [dtype]) => [{ shape: selected(x, index, axis), dtype }],
  indexAdd: ([x, index], { axis, shape }) => {
    same("slices and index", x, selected(shape, index, axis));
    return [{ shape }];
  },
  putRows: ([w, rows, values]) => {
    same("rows and their values", selected(w, rows, 0), values);
    return [{ shape: w }];
  },
  topK: ([x], { axis, k }, [dtype]) => {
    existing(axis, x);
    if (!Number.isInteger(k) || k < 0 || k > x[axis]) {
      throw mismatch("k is not a number of elements of the axis", `0 to ${x[axis]} of ${text(x)}`, String(k));
    }
    const shape = resized(x, axis, k);
    return [{ shape, dtype }, indices(shape)];
  },
  argReduce: ([x], { axis }) => {
    if (x[existing(axis, x)] === 0)
      throw mismatch("there is nothing to choose from", "one element or more", text(x));
    return [indices(resized(x, axis, 1))];
  },
};

const indices = (shape: Shape): OutputSpec => ({ shape, dtype: "i32", role: "control" });

/** `index`, if it has the axes of `x` and is nowhere but along `axis` larger. */
function within(index: Shape, x: Shape, axis: number): Shape {
  existing(axis, x);
  if (index.length !== x.length || index.some((size, i) => i !== axis && size > x[i])) {
    throw mismatch(`the index does not fit beside axis ${axis}`, `axes at most ${text(x)}`, text(index));
  }
  return index;
}

function selected(x: Shape, index: Shape, axis: number): Shape {
  existing(axis, x);
  return [...x.slice(0, axis), ...index, ...x.slice(axis + 1)];
}
