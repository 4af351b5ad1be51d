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
] as const;
export type UnaryKind = (typeof UNARY_KINDS)[number];

export const BINARY_KINDS = ["add", "sub", "mul", "div", "maximum", "minimum"] as const;
export type BinaryKind = (typeof BINARY_KINDS)[number];

export interface ElementwiseAttrs {
  /** x → f(x). relu: x > 0 ? x : 0, NaN stays NaN. gelu: exact, x·Φ(x). */
  unary: { readonly kind: UnaryKind };
  /**
   * z, g → g · f′(x), where z is y = f(x) for the kinds in GRAD_FROM_OUTPUT and x for the others.
   * relu: y ≤ 0 ? 0 : g (so g where y is NaN, as PyTorch). abs: g · sign(x), sign(0) = 0.
   */
  unaryGrad: { readonly kind: UnaryKind };
  /** a, b → a ∘ b with broadcasting, rounded once. maximum and minimum: NaN if either is; the sign of a zero is free. */
  binary: { readonly kind: BinaryKind };
  /** x → scale · x + offset (one multiply, one add, each rounded; scale 1 or offset 0 are exact). */
  affine: { readonly scale: number; readonly offset: number };
  /** → constant `value`. */
  fill: { readonly value: number };
  /**
   * x → x (same element count, the shapes may differ; rounds if the output has `store`). Converts between f32, bf16
   * and i16 (bare integers); an i32 operand is copied to i32 only.
   */
  copy: Record<string, never>;
}

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
  unary: ["kind"],
  unaryGrad: ["kind"],
  binary: ["kind"],
  affine: ["scale", "offset"],
  fill: ["value"],
  copy: [],
} as const satisfies { readonly [Op in keyof ElementwiseAttrs]: readonly (keyof ElementwiseAttrs[Op])[] };
