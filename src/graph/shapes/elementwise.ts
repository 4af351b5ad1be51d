/** Shapes of operations that treat every element alone. Part of shapes.ts. */
import { broadcastShapes, type ShapeRules, same } from "./rule.ts";

export const elementwiseShapes: Pick<
  ShapeRules,
  "unary" | "unaryGrad" | "binary" | "affine" | "fill" | "copy"
> = {
  unary: ([x]) => [{ shape: x }],
  unaryGrad: ([z, g]) => [{ shape: same("operands", z, g) }],
  binary: ([a, b]) => [{ shape: broadcastShapes(a, b) }],
  affine: ([x]) => [{ shape: x }],
  fill: (_, { shape }) => [{ shape }],
  copy: ([x]) => [{ shape: x }],
};
