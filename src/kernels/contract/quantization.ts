/**
 * Roundings that are commands of their own because they need the whole tensor first. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */
import type {
  BlockSize,
  NumberFormat,
  Overflow,
  Rounding,
  ScaleRule,
  ScalingRule,
} from "../../formats/format.ts";
import type { TensorView } from "../../formats/scaled/layout.ts";

export interface QuantizationAttrs {
  /**
   * x (, its amax f32 [1], where that is known: see StoreSide) → q (dtype i16: integers; f32: integer · 2^E), E (i32 [1]). Dynamic fixed point of `bits` bits:
   * E = floor(log2 amax) − (bits − 2), integer = round(x · 2^−E) clamped to ±(2^(bits−1) − 1). amax = 0: E = 0, all
   * zeros. If x holds NaN or Inf there is no exponent: E = 2^30 marks the tensor as not a number, every
   * integer is 0 (f32: every element is NaN), and every GEMM that reads E = 2^30 gives NaN everywhere. q has
   * no `store`: its rounding is the attribute.
   */
  quantizeDynamicFixed: {
    readonly bits: number;
    readonly rounding: Rounding;
    readonly tensorId: number;
  };
  /**
   * x (, its amax, where one real scale is the whole tensor's and not affine) → q (f32 or bf16, any shape of as many elements): the values that x has in any format, as the bulk kernels give them
   * (formats/scaled/quantize.ts, formats/round-array.ts; float formats without a sign and posits have no groups).
   * The tensor is seen as `view` in row-major order. Block formats: tiles of `block` over (rows, columns) share a scale.
   * Integers: each index of columns has a scale by `scaling`. `stochastic` draws word i of (seed, step, tensorId) for
   * element i. q may have a `store`: its rounding follows, on the value (a q in bf16 needs it where values may leave
   * BF16's normal range).
   *
   * With a second output (f32 [1]), where one real scale is the whole tensor's (the upper of two levels; symmetric and
   * affine integers of one column): q is what is multiplied by that scale, an element times its block's scale, an integer,
   * a code less its zero point, all of which are exact; and the second output is the scale: a value is their product,
   * rounded to FP32. Scale NaN: the tensor is not a number, and every q is 0.
   */
  quantizeValues: {
    readonly format: NumberFormat;
    readonly rounding: Rounding;
    readonly overflow: Overflow;
    readonly tensorId: number;
    readonly scaleRule?: ScaleRule;
    readonly scaling?: ScalingRule;
    readonly view: TensorView;
    readonly block: BlockSize;
  };
}

/**
 * Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. Those of `quantizeValues` go as the numbers of
 * ELEMENT_ORDER and, of formats with scales, SCALE_ORDER.
 */
export const QUANTIZATION_ATTR_ORDER = {
  quantizeDynamicFixed: ["bits", "rounding", "tensorId"],
  quantizeValues: ["format", "rounding", "overflow", "tensorId", "scaleRule", "scaling", "view", "block"],
} as const satisfies { readonly [Op in keyof QuantizationAttrs]: readonly (keyof QuantizationAttrs[Op])[] };
