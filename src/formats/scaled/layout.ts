/**
 * Which elements of a tensor share a scale: the geometry of blocks, tiles and slices. Knows nothing of values.
 *
 * A tensor is seen as [outer, rows, columns, inner], row-major, with `columns` the block axis and `rows` the axis before
 * it. Scales are [outer, ⌈rows / block.rows⌉, ⌈columns / block.columns⌉, inner]. Nothing is padded: a block at an end is
 * shorter.
 */
import { require } from "../../base/errors.ts";
import type { BlockSize, Scaling } from "../format.ts";

/** How elements are laid out, and which of them share a scale. */
export interface TensorLayout {
  /** Default: one axis with all elements. The product of its sizes is the number of elements. */
  readonly shape?: readonly number[];
  /** Block formats: the axis that blocks run along; negative counts from the end. Default: the last. */
  readonly blockAxis?: number;
  /** Integer formats. Default: one power of two for the tensor. */
  readonly scaling?: Scaling;
}

/** A partition of the elements. */
export interface Groups {
  readonly count: number;
  /** The group of an element, from 0 to count − 1. */
  readonly of: (element: number) => number;
}

/** A tensor as [outer, rows, columns, inner], with the block axis as its columns. */
export interface TensorView {
  readonly outer: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/**
 * How a tensor is seen where blocks share a scale.
 * @throws RoundoffError SHAPE_MISMATCH if the shape does not have `elements` elements; INVALID_ARGUMENT for an axis that is
 * not there, or tiles of several rows along the first axis.
 */
export function blockView(elements: number, layout: TensorLayout, block: BlockSize): TensorView {
  const shape = shapeOf(elements, layout.shape);
  const axis = axisOf(layout.blockAxis ?? -1, shape, "the block axis");
  require(block.rows === 1 || axis > 0, "INVALID_ARGUMENT", () => ({
    what: `tiles of ${block.rows} × ${block.columns} need an axis before the block axis`,
    expected: "a shape of at least two axes, and a block axis other than the first",
    received: `shape ${shape.join("x")}, block axis ${axis}`,
  }));
  return {
    outer: product(shape.slice(0, Math.max(0, axis - 1))),
    rows: axis === 0 ? 1 : shape[axis - 1],
    columns: shape[axis],
    inner: product(shape.slice(axis + 1)),
  };
}

/** The blocks of a tensor. @throws RoundoffError as `blockView`. */
export function blockGroups(elements: number, layout: TensorLayout, block: BlockSize): Groups {
  const { outer, rows, columns, inner } = blockView(elements, layout, block);
  const tileRows = Math.ceil(rows / block.rows);
  const tileColumns = Math.ceil(columns / block.columns);
  return {
    count: outer * tileRows * tileColumns * inner,
    of(element) {
      const column = Math.floor(element / inner) % columns;
      const row = Math.floor(element / (inner * columns)) % rows;
      const tile = Math.floor(element / (inner * columns * rows)) * tileRows + Math.floor(row / block.rows);
      return (tile * tileColumns + Math.floor(column / block.columns)) * inner + (element % inner);
    },
  };
}

/** How a tensor is seen where each index of an axis, its columns, has a scale; one column if the tensor has one scale. */
export function sliceView(elements: number, layout: TensorLayout): TensorView {
  const shape = shapeOf(elements, layout.shape);
  if (layout.scaling?.axis === undefined) return { outer: 1, rows: 1, columns: 1, inner: elements };
  const axis = axisOf(layout.scaling.axis, shape, "the axis of the scales");
  return {
    outer: product(shape.slice(0, axis)),
    rows: 1,
    columns: shape[axis],
    inner: product(shape.slice(axis + 1)),
  };
}

/** One group for each index of an axis, or one for the tensor. @throws RoundoffError as `blockView`. */
export function sliceGroups(elements: number, layout: TensorLayout): Groups {
  const { columns, inner } = sliceView(elements, layout);
  return { count: columns, of: (element) => Math.floor(element / inner) % columns };
}

/** The shape, one axis by default. @throws RoundoffError SHAPE_MISMATCH if it does not have `elements` elements. */
export function shapeOf(elements: number, shape: readonly number[] = [elements]): readonly number[] {
  const valid = shape.every((size) => Number.isSafeInteger(size) && size >= 0) && product(shape) === elements;
  require(valid && shape.length > 0, "SHAPE_MISMATCH", () => ({
    what: "the shape does not fit the number of elements",
    expected: `sizes whose product is ${elements}`,
    received: `shape ${shape.join("x") || "without axes"}`,
  }));
  return shape;
}

function axisOf(axis: number, shape: readonly number[], name: string): number {
  const valid = Number.isInteger(axis) && axis >= -shape.length && axis < shape.length;
  require(valid, "INVALID_ARGUMENT", () => ({
    what: `${name} is out of range`,
    expected: `an integer from ${-shape.length} to ${shape.length - 1} for shape ${shape.join("x")}`,
    received: String(axis),
  }));
  return axis < 0 ? axis + shape.length : axis;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
