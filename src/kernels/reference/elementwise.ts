/**
 * Reference kernels that treat every element alone: unary functions and their gradients, affine, the two-operand
 * operations with NumPy broadcasting, fill, copy. Evaluated in FP64 and rounded once when stored, which for + − × ÷ √ of
 * FP32 operands equals the FP32 operation (53 ≥ 2·24 + 2 bits). `affine` rounds each of its two operations.
 * Meaning: contract.ts. exp, log and tanh are the engine's own (V8: fdlibm, below 1 ulp of FP64).
 */
import type { BinaryKind, UnaryKind } from "../contract.ts";
import { normalCdf, normalDensity } from "./erf.ts";
import type { ReferenceKernel } from "./tensor.ts";
import { broadcastStrides, rowShape, walkRows } from "./walk.ts";

/** f(x), in FP64. */
export const UNARY_FUNCTIONS: { readonly [Kind in UnaryKind]: (x: number) => number } = {
  relu: (x) => Math.max(x, 0),
  neg: (x) => -x,
  abs: Math.abs,
  square: (x) => x * x,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid,
  // Far below zero Φ(x) is 0 and −Inf · 0 would be NaN.
  gelu: (x) => (x === Number.NEGATIVE_INFINITY ? 0 : x * normalCdf(x)),
};

/** g · f′, from z = y for the kinds in GRAD_FROM_OUTPUT, from z = x for the others, in FP64. */
export const UNARY_GRADIENTS: { readonly [Kind in UnaryKind]: (z: number, g: number) => number } = {
  relu: (y, g) => (y <= 0 ? 0 : g),
  neg: (_x, g) => -g,
  abs: (x, g) => g * Math.sign(x),
  square: (x, g) => 2 * x * g,
  sqrt: (y, g) => g / (2 * y),
  rsqrt: (y, g) => -0.5 * g * y * y * y,
  reciprocal: (y, g) => -g * y * y,
  exp: (y, g) => g * y,
  log: (x, g) => g / x,
  tanh: (y, g) => g * (1 - y) * (1 + y),
  sigmoid: (y, g) => g * y * (1 - y),
  gelu: (x, g) => g * (normalCdf(x) + x * normalDensity(x)),
};

/** x → y = f(x). */
export const unary: ReferenceKernel<"unary"> = ([x], [y], { kind }) => {
  const f = UNARY_FUNCTIONS[kind];
  const from = x.data;
  const to = y.data;
  for (let i = 0; i < to.length; i++) to[i] = f(from[i]);
};

/** z, g → g · f′. */
export const unaryGrad: ReferenceKernel<"unaryGrad"> = ([z, g], [gx], { kind }) => {
  const gradient = UNARY_GRADIENTS[kind];
  const at = z.data;
  const from = g.data;
  const to = gx.data;
  for (let i = 0; i < to.length; i++) to[i] = gradient(at[i], from[i]);
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

/** → y, every element `value`. */
export const fill: ReferenceKernel<"fill"> = (_inputs, [y], { value }) => {
  y.data.fill(value);
};

/** x → y of the same number of elements. */
export const copy: ReferenceKernel<"copy"> = ([x], [y]) => {
  y.data.set(x.data);
};

/** 1/(1 + e^(−x)) with the exponential of a negative number only, so that neither tail overflows. */
function sigmoid(x: number): number {
  const small = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : small) / (1 + small);
}
