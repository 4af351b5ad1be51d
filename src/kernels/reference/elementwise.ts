/**
 * Reference kernels that treat every element alone: unary functions and their gradients, affine, the two-operand
 * operations with NumPy broadcasting, fill, copy. Evaluated in FP64 and rounded once when stored, which for + − × ÷ √ of
 * FP32 operands equals the FP32 operation (53 ≥ 2·24 + 2 bits). `affine` rounds each of its two operations.
 * Meaning: contract.ts. exp, log and tanh are the engine's own (V8: fdlibm, below 1 ulp of FP64).
 */
import type { BinaryKind } from "../contract.ts";
import type { ReferenceKernel } from "./tensor.ts";
import { power, UNARY_FUNCTIONS, UNARY_GRADIENTS } from "./unary-functions.ts";
import { broadcastStrides, rowShape, walkRows } from "./walk.ts";

/** x → y = f(x). */
export const unary: ReferenceKernel<"unary"> = ([x], [y], { kind, alpha = 0, beta = 0 }, { round }) => {
  const f = UNARY_FUNCTIONS[kind];
  const [a, b] = [round(alpha), round(beta)];
  const from = x.data;
  const to = y.data;
  for (let i = 0; i < to.length; i++) to[i] = f(from[i], a, b);
};

/** z, g → g · f′. */
export const unaryGrad: ReferenceKernel<"unaryGrad"> = (
  [z, g],
  [gx],
  { kind, alpha = 0, beta = 0 },
  { round },
) => {
  const gradient = UNARY_GRADIENTS[kind];
  const [a, b] = [round(alpha), round(beta)];
  const at = z.data;
  const from = g.data;
  const to = gx.data;
  for (let i = 0; i < to.length; i++) to[i] = gradient(at[i], from[i], a, b);
};

/** x → y = scale · x + offset, product and sum rounded separately. */
export const affine: ReferenceKernel<"affine"> = ([x], [y], attrs, { round }) => {
  const scale = round(attrs.scale);
  const offset = round(attrs.offset);
  const from = x.data;
  const to = y.data;
  for (let i = 0; i < to.length; i++) to[i] = round(scale * from[i]) + offset;
};

/** a ∘ b, in FP64. */
export const BINARY_FUNCTIONS: { readonly [Kind in BinaryKind]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  pow: power,
  atan2: Math.atan2,
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b),
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

/** condition, a, b → y: a where the condition is not 0. */
export const where: ReferenceKernel<"where"> = ([condition, a, b], [y]) => {
  const [at, yes, no] = [condition, a, b].map(({ data, shape }) => {
    const strides = broadcastStrides(shape, y.shape);
    const spread = new Float64Array(y.data.length);
    let next = 0;
    const { length, stepA } = rowShape(y.shape, strides, strides);
    walkRows(y.shape, strides, strides, (offset) => {
      for (let i = 0; i < length; i++) spread[next++] = data[offset + i * stepA];
    });
    return spread;
  });
  for (let i = 0; i < y.data.length; i++) y.data[i] = at[i] !== 0 ? yes[i] : no[i];
};

/** → y, every element `value`. */
export const fill: ReferenceKernel<"fill"> = (_inputs, [y], { value }) => {
  y.data.fill(value);
};

/** x → y of the same number of elements. */
export const copy: ReferenceKernel<"copy"> = ([x], [y]) => {
  y.data.set(x.data);
};

/** → y, element i is start + step·i. */
export const arange: ReferenceKernel<"arange"> = (_inputs, [y], { start, step }) => {
  for (let i = 0; i < y.data.length; i++) y.data[i] = start + step * i;
};

/** x → y of the other kind of number. */
export const cast: ReferenceKernel<"cast"> = ([x], [y]) => {
  const toInteger = (value: number) =>
    Number.isNaN(value) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(value)));
  const integral = y.dtype === "i32";
  for (let i = 0; i < y.data.length; i++) y.data[i] = integral ? toInteger(x.data[i]) : x.data[i];
};
