/** Shapes of roundings. Part of shapes.ts. */
import type { ShapeRules } from "./rule.ts";

export const quantizationShapes: Pick<ShapeRules, "quantizeDynamicFixed" | "quantize"> = {
  quantizeDynamicFixed: ([x]) => [{ shape: x }, { shape: [1], dtype: "i32", role: "control" }],
  quantize: ([x]) => [{ shape: x }],
};
