/**
 * One shape rule per primitive: input shapes and attributes → output shapes. A mapped type, so the compiler names a
 * primitive that has none. Also the door where wrong shapes are refused. The rules are in shapes/, one file per theme.
 */

import { RoundoffError } from "../base/errors.ts";
import type { Primitive } from "./primitives.ts";
import { attentionShapes } from "./shapes/attention.ts";
import { elementwiseShapes } from "./shapes/elementwise.ts";
import { indexingShapes } from "./shapes/indexing.ts";
import { lossShapes } from "./shapes/losses.ts";
import { movementShapes } from "./shapes/movement.ts";
import { normalizationShapes } from "./shapes/normalization.ts";
import { productShapes } from "./shapes/products.ts";
import { quantizationShapes } from "./shapes/quantization.ts";
import { reductionShapes } from "./shapes/reductions.ts";
import { regularizationShapes } from "./shapes/regularization.ts";
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
  ...indexingShapes,
  ...reductionShapes,
  ...windowShapes,
  ...normalizationShapes,
  ...regularizationShapes,
  ...lossShapes,
  ...sequenceShapes,
  ...attentionShapes,
  ...quantizationShapes,
  ...updateShapes,
};

/** Primitives of real numbers only, or which of their inputs must be i32. The others take both, or say so themselves. */
const OPERAND_TYPES: { readonly [P in Primitive]?: readonly ("f32" | "i32")[] } = {
  conv2d: ["f32", "f32"],
  matmul: ["f32", "f32"],
  unary: ["f32"],
  unaryGrad: ["f32", "f32"],
  binary: ["f32", "f32"],
  where: ["f32", "f32", "f32"],
  affine: ["f32"],
  reduceSum: ["f32"],
  reduce: ["f32"],
  softmax: ["f32"],
  cumsum: ["f32"],
  padEdgeGrad: ["f32"],
  topK: ["f32"],
  argReduce: ["f32"],
  quantize: ["f32"],
  gather: ["f32", "i32"],
  indexSelect: ["f32", "i32"],
  scatterAdd: ["f32", "i32"],
  indexAdd: ["f32", "i32"],
  putRows: ["f32", "i32", "f32"],
};

/** @throws RoundoffError if an operand of `op` has the wrong type. Data of i32 may be gathered and selected too. */
export function checkTypes(op: Primitive, dtypes: readonly ("f32" | "i32")[]): void {
  const wanted = OPERAND_TYPES[op];
  if (wanted === undefined || wanted.every((dtype, i) => dtype === dtypes[i])) return;
  if ((op === "gather" || op === "indexSelect") && dtypes[1] === "i32") return;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: "an operand has the wrong type",
    expected: wanted.join(", "),
    received: dtypes.join(", "),
    hint: 'cast("f32") makes real numbers of integers, cast("i32") integers of real numbers.',
  });
}
