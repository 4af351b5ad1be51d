/** Shapes of operations that treat every element alone. Part of shapes.ts. */
import { broadcastShapes, type ShapeRules, same } from "./rule.ts";

export const elementwiseShapes: Pick<
  ShapeRules,
  "unary" | "unaryGrad" | "binary" | "where" | "affine" | "fill" | "arange" | "copy" | "cast"
> = {
  unary: ([x]) => [{ shape: x }],
  unaryGrad: ([z, g]) => [{ shape: same("operands", z, g) }],
  binary: ([a, b]) => [{ shape: broadcastShapes(a, b) }],
  where: ([condition, a, b]) => [{ shape: broadcastShapes(condition, broadcastShapes(a, b)) }],
  affine: ([x]) => [{ shape: x }],
  fill: (_, { shape }) => [{ shape }],
  arange: (_, { shape, dtype }) => [{ shape, dtype, role: "control" }],
  copy: ([x], _, [dtype]) => [{ shape: x, dtype }],
  cast: ([x], { dtype }) => [{ shape: x, dtype, role: dtype === "i32" ? "control" : undefined }],
};
