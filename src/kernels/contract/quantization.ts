/**
 * Roundings that are commands of their own because they need the whole tensor first. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */
import type { Rounding } from "../../formats/format.ts";

export interface QuantizationAttrs {
  /**
   * x → q (dtype i16: integers; f32: integer · 2^E), E (i32 [1]). Dynamic fixed point of `bits` bits:
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
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const QUANTIZATION_ATTR_ORDER = {
  quantizeDynamicFixed: ["bits", "rounding", "tensorId"],
} as const satisfies { readonly [Op in keyof QuantizationAttrs]: readonly (keyof QuantizationAttrs[Op])[] };
