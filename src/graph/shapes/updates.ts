/** Shapes of the end of a training step. Part of shapes.ts. */
import { type ShapeRules, same } from "./rule.ts";

export const updateShapes: Pick<ShapeRules, "countNonFinite" | "lossScaleUpdate" | "sgdUpdate"> = {
  countNonFinite: () => [{ shape: [], role: "control" }],
  lossScaleUpdate: ([state]) => [{ shape: state, role: "control" }],
  sgdUpdate: ([w, g, v]) => [
    { shape: same("parameter and gradient", w, g) },
    { shape: same("parameter and momentum", w, v), role: "optimizerState" },
  ],
};
