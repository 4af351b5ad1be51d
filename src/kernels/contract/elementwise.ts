/**
 * Operations that treat every element alone. Real-valued attributes are rounded to FP32 before use. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

export const UNARY_KINDS = [
  "relu",
  "neg",
  "abs",
  "square",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "exp",
  "log",
  "tanh",
  "sigmoid",
  "gelu",
  "sin",
  "cos",
  "erf",
  "expm1",
  "log1p",
  "sign",
  "floor",
  "ceil",
  "round",
  "softplus",
  "silu",
  "elu",
  "selu",
  "mish",
  "geluTanh",
  "leakyRelu",
  "hardtanh",
  "clamp",
  "hardsigmoid",
  "hardswish",
  "pow",
] as const;
export type UnaryKind = (typeof UNARY_KINDS)[number];

export const BINARY_KINDS = [
  "add",
  "sub",
  "mul",
  "div",
  "maximum",
  "minimum",
  "pow",
  "atan2",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
] as const;
export type BinaryKind = (typeof BINARY_KINDS)[number];

/** Which function, and its parameters where UNARY_PARAMETERS names some (rounded to FP32; absent: 0). */
export interface UnaryAttrs {
  readonly kind: UnaryKind;
  readonly alpha?: number;
  readonly beta?: number;
}

export interface ElementwiseAttrs {
  /**
   * x → f(x). relu: x > 0 ? x : 0, NaN stays NaN. gelu: exact, x·Φ(x); geluTanh: ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
   * round: half to even. sign: −1, 0 or 1. softplus: βx > threshold ? x : log(1 + e^(βx))/β. silu: x·σ(x).
   * elu: x > 0 ? x : α(e^x − 1); selu: λ·elu with the constants of Klambauer et al. (2017). mish: x·tanh(log(1 + e^x)).
   * leakyRelu: x > 0 ? x : αx. hardtanh, clamp: x between min and max. hardsigmoid: x/6 + ½ between 0 and 1;
   * hardswish: x·hardsigmoid(x). pow: x^α. At x = −Inf silu, mish and both gelus are 0 and hardswish is too.
   */
  unary: UnaryAttrs;
  /**
   * z, g → g · f′(x), where z is y = f(x) for the kinds in GRAD_FROM_OUTPUT and x for the others.
   * relu: y ≤ 0 ? 0 : g (so g where y is NaN, as PyTorch). abs: g · sign(x), sign(0) = 0. hardtanh: 0 at min and max and
   * beyond, clamp: 0 only beyond. hardsigmoid, hardswish: as PyTorch at ±3 (the slope of the flat side). The slope of
   * sign, floor, ceil and round is 0.
   */
  unaryGrad: UnaryAttrs;
  /**
   * a, b → a ∘ b with broadcasting, rounded once. maximum and minimum: NaN if either is; the sign of a zero is free.
   * pow: a^b, atan2: the angle of (b, a), each within 2 ulp. eq … ge: 1 where it holds, else 0 (with NaN only ne holds).
   */
  binary: { readonly kind: BinaryKind };
  /** condition, a, b → condition ≠ 0 ? a : b, all broadcast to the output (NaN is not 0). */
  where: Record<string, never>;
  /** x → scale · x + offset (one multiply, one add, each rounded; scale 1 or offset 0 are exact). */
  affine: { readonly scale: number; readonly offset: number };
  /** → constant `value`. */
  fill: { readonly value: number };
  /** → start + step · i for element i: i32 exact, real in FP64 and rounded once. */
  arange: { readonly start: number; readonly step: number };
  /**
   * x → x (same element count, the shapes may differ; rounds if the output has `store`). Converts between f32, bf16
   * and i16 (bare integers); an i32 operand is copied to i32 only.
   */
  copy: Record<string, never>;
  /** x i32 → the nearest FP32 value; x real → i32, fraction dropped, clamped to the range, NaN → 0. */
  cast: Record<string, never>;
}

/** Parameters of the parametric kinds: what `alpha` and `beta` are. */
export const UNARY_PARAMETERS: { readonly [Kind in UnaryKind]?: readonly [alpha: string, beta?: string] } = {
  softplus: ["β", "threshold"],
  elu: ["α"],
  leakyRelu: ["negativeSlope"],
  hardtanh: ["min", "max"],
  clamp: ["min", "max"],
  pow: ["exponent"],
};

/** Kinds whose derivative is written in terms of the output y; the others use the input x. */
export const GRAD_FROM_OUTPUT: ReadonlySet<UnaryKind> = new Set([
  "relu",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "exp",
  "tanh",
  "sigmoid",
]);

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const ELEMENTWISE_ATTR_ORDER = {
  unary: ["kind", "alpha", "beta"],
  unaryGrad: ["kind", "alpha", "beta"],
  binary: ["kind"],
  where: [],
  affine: ["scale", "offset"],
  fill: ["value"],
  arange: ["start", "step"],
  copy: [],
  cast: [],
} as const satisfies { readonly [Op in keyof ElementwiseAttrs]: readonly (keyof ElementwiseAttrs[Op])[] };
