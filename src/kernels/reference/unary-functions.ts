/**
 * The functions of one number and their slopes, in FP64, as contract/elementwise.ts defines them. Plain arithmetic: knows
 * nothing of tensors. exp, log, tanh, sin, cos … are the engine's own (V8: fdlibm, below 1 ulp of FP64).
 */
import type { UnaryKind } from "../contract.ts";
import { erf, normalCdf, normalDensity } from "./erf.ts";

/** Self-normalising networks (Klambauer et al., 2017), as PyTorch writes them. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
/** tanh approximation of gelu (Hendrycks & Gimpel, 2016). */
const GELU_SLOPE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** f(x; α, β). */
export type UnaryFunction = (x: number, alpha: number, beta: number) => number;
/** g · f′ at z, which is y for the kinds in GRAD_FROM_OUTPUT and x for the others. */
export type UnaryGradient = (z: number, g: number, alpha: number, beta: number) => number;

/** Where x is −Inf the factor beside it is 0, and the limit of the product is 0, not NaN. */
const vanishing = (x: number, factor: (x: number) => number) =>
  x === Number.NEGATIVE_INFINITY ? 0 : x * factor(x);

export const UNARY_FUNCTIONS: { readonly [Kind in UnaryKind]: UnaryFunction } = {
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
  gelu: (x) => vanishing(x, normalCdf),
  sin: Math.sin,
  cos: Math.cos,
  erf,
  expm1: Math.expm1,
  log1p: Math.log1p,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  softplus,
  silu: (x) => vanishing(x, sigmoid),
  elu: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  mish: (x) => vanishing(x, tanhSoftplus),
  geluTanh: (x) => vanishing(x, geluTanhShare),
  leakyRelu: (x, alpha) => (x > 0 ? x : alpha * x),
  hardtanh: clamp,
  clamp,
  hardsigmoid: (x) => clamp(x / 6 + 0.5, 0, 1),
  hardswish: (x) => (x <= -3 ? 0 : x * clamp(x / 6 + 0.5, 0, 1)),
  pow: power,
};

export const UNARY_GRADIENTS: { readonly [Kind in UnaryKind]: UnaryGradient } = {
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
  sin: (x, g) => g * Math.cos(x),
  cos: (x, g) => -g * Math.sin(x),
  erf: (x, g) => g * 2 * Math.SQRT2 * normalDensity(x * Math.SQRT2),
  expm1: (x, g) => g * Math.exp(x),
  log1p: (x, g) => g / (1 + x),
  sign: () => 0,
  floor: () => 0,
  ceil: () => 0,
  round: () => 0,
  softplus: (x, g, beta, threshold) => (beta * x > threshold ? g : g * sigmoid(beta * x)),
  silu: (x, g) => g * sigmoid(x) * (1 + x * sigmoid(-x)),
  elu: (x, g, alpha) => (x > 0 ? g : g * alpha * Math.exp(x)),
  selu: (x, g) => g * SELU_SCALE * (x > 0 ? 1 : SELU_ALPHA * Math.exp(x)),
  mish: (x, g) => g * (tanhSoftplus(x) + x * sigmoid(x) * (1 - tanhSoftplus(x) ** 2)),
  geluTanh: geluTanhGradient,
  leakyRelu: (x, g, alpha) => (x > 0 ? g : alpha * g),
  hardtanh: (x, g, low, high) => (x <= low || x >= high ? 0 : g),
  clamp: (x, g, low, high) => (x < low || x > high ? 0 : g),
  hardsigmoid: (x, g) => (x <= -3 || x >= 3 ? 0 : g / 6),
  hardswish: (x, g) => (x <= -3 ? 0 : x >= 3 ? g : g * (x / 3 + 0.5)),
  pow: (x, g, alpha) => (alpha === 0 ? 0 : g * alpha * power(x, alpha - 1)),
};

/** a^b as C and PyTorch have it: unlike JavaScript, 1^b and (−1)^±Inf are 1, also for b = NaN. */
export function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

/** 1/(1 + e^(−x)) with the exponential of a negative number only, so that neither tail overflows. */
export function sigmoid(x: number): number {
  const small = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : small) / (1 + small);
}

/** NaN stays. */
function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function softplus(x: number, beta: number, threshold: number): number {
  return beta * x > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta;
}

/** tanh(log(1 + e^x)) = t(t + 2)/(t(t + 2) + 2) with t = e^x; 1 to FP64 beyond 40. */
function tanhSoftplus(x: number): number {
  if (x > 40) return 1;
  const t = Math.exp(x);
  return (t * (t + 2)) / (t * (t + 2) + 2);
}

/** ½(1 + tanh u) = σ(2u) with u = √(2/π)(x + 0.044715x³): no cancellation in the tail. */
function geluTanhShare(x: number): number {
  return sigmoid(2 * GELU_SLOPE * (x + GELU_CUBIC * x ** 3));
}

function geluTanhGradient(x: number, g: number): number {
  const share = geluTanhShare(x);
  const slope = 2 * GELU_SLOPE * (1 + 3 * GELU_CUBIC * x * x);
  return g * (share + x * share * (1 - share) * slope);
}
