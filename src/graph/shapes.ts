/**
 * One shape rule per primitive: input shapes and attributes → output shapes. A mapped type, so the compiler names a
 * primitive that has none. Also the door where wrong shapes are refused. The rules are in shapes/, one file per theme.
 */
import { attentionShapes } from "./shapes/attention.ts";
import { elementwiseShapes } from "./shapes/elementwise.ts";
import { lossShapes } from "./shapes/losses.ts";
import { movementShapes } from "./shapes/movement.ts";
import { normalizationShapes } from "./shapes/normalization.ts";
import { productShapes } from "./shapes/products.ts";
import { quantizationShapes } from "./shapes/quantization.ts";
import type { ShapeRules } from "./shapes/rule.ts";
import { sequenceShapes } from "./shapes/sequences.ts";
import { updateShapes } from "./shapes/updates.ts";
import { windowShapes } from "./shapes/windows.ts";

export { outputSize } from "./shapes/products.ts";
export { broadcastShapes, type OutputSpec, type Shape, type ShapeRule } from "./shapes/rule.ts";

export const shapeRules: ShapeRules = {
  ...productShapes,
  ...elementwiseShapes,
  ...movementShapes,
  ...windowShapes,
  ...normalizationShapes,
  ...lossShapes,
  ...sequenceShapes,
  ...attentionShapes,
  ...quantizationShapes,
  ...updateShapes,
};
