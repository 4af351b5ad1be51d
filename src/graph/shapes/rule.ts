/**
 * What a shape rule is, and the words in which all of them refuse wrong shapes. Shape letters as in kernels/contract.ts.
 */
import { RoundoffError } from "../../base/errors.ts";
import type { Role } from "../graph.ts";
import type { Primitive, PrimitiveAttrs } from "../primitives.ts";

export type Shape = readonly number[];

export interface OutputSpec {
  readonly shape: Shape;
  readonly dtype?: "f32" | "i32";
  /** When the output is never an activation or error, whatever the phase. */
  readonly role?: Role;
}

/** `dtypes` are those of the inputs: most rules ignore them, as `shapes.ts` has refused integers where they do not belong. */
export type ShapeRule<P extends Primitive> = (
  shapes: readonly Shape[],
  attrs: PrimitiveAttrs[P],
  dtypes: readonly ("f32" | "i32")[],
) => readonly OutputSpec[];

export type ShapeRules = { readonly [P in Primitive]: ShapeRule<P> };

export function mismatch(what: string, expected: string, received: string): RoundoffError {
  return new RoundoffError("SHAPE_MISMATCH", { what, expected, received });
}

export const text = (shape: Shape) => `[${shape.join(", ")}]`;

/** `a`, if `b` is the same shape. */
export function same(what: string, a: Shape, b: Shape): Shape {
  if (a.length !== b.length || a.some((size, i) => size !== b[i])) {
    throw mismatch(`${what} differ in shape`, text(a), text(b));
  }
  return a;
}

/** NumPy broadcasting of two shapes. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const sizeA = a[i - rank + a.length] ?? 1;
    const sizeB = b[i - rank + b.length] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) {
      throw mismatch("shapes do not broadcast", `${text(a)} against a compatible shape`, text(b));
    }
    return sizeA === 1 ? sizeB : sizeA;
  });
}

/** `axis`, if `shape` has it. Axes are counted from 0 here: negative ones are resolved where users name them. */
export function existing(axis: number, shape: Shape): number {
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
    throw mismatch(
      "there is no such axis",
      `one of the ${shape.length} axes of ${text(shape)}`,
      String(axis),
    );
  }
  return axis;
}

/** `shape` with another size of one axis. */
export function resized(shape: Shape, axis: number, size: number): Shape {
  return shape.map((old, i) => (i === axis ? size : old));
}
