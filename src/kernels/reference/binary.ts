/**
 * Reference kernel of the two-operand element-wise operations with NumPy broadcasting. Evaluated in FP64 and rounded
 * once when stored, which for FP32 operands equals the FP32 operation (53 ≥ 2·24 + 2 bits). Meaning: contract.ts.
 */
import type { BinaryKind } from "../contract.ts";
import type { ReferenceKernel } from "./tensor.ts";
import { broadcastStrides, rowShape, walkRows } from "./walk.ts";

/** a ∘ b, in FP64. */
export const BINARY_FUNCTIONS: { readonly [Kind in BinaryKind]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};

/** a, b → y. The output may be either operand if it has that operand's shape. */
export const binary: ReferenceKernel<"binary"> = ([a, b], [y], { kind }) => {
  const f = BINARY_FUNCTIONS[kind];
  const from = a.data;
  const other = b.data;
  const to = y.data;
  const stridesA = broadcastStrides(a.shape, y.shape);
  const stridesB = broadcastStrides(b.shape, y.shape);
  const { length, stepA, stepB } = rowShape(y.shape, stridesA, stridesB);
  let next = 0;
  walkRows(y.shape, stridesA, stridesB, (offsetA, offsetB) => {
    for (let i = 0; i < length; i++) to[next++] = f(from[offsetA + i * stepA], other[offsetB + i * stepB]);
  });
};
