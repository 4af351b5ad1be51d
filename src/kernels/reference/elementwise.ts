/**
 * Reference kernels that treat every element alone: unary functions and their gradients, affine. Functions are
 * evaluated in FP64 and rounded once when stored; `affine` rounds each of its two operations. Meaning: contract.ts.
 * exp, log and tanh are the engine's own (V8: fdlibm, below 1 ulp of FP64).
 */
import type { UnaryKind } from "../contract.ts";
import { normalCdf, normalDensity } from "./erf.ts";
import type { ReferenceKernel } from "./tensor.ts";

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

/** 1/(1 + e^(−x)) with the exponential of a negative number only, so that neither tail overflows. */
function sigmoid(x: number): number {
  const small = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : small) / (1 + small);
}
