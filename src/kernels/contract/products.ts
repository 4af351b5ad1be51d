/**
 * The GEMM-shaped operations: convolution and matrix product with their gradients, and the arithmetic of their products. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */
import type { Accumulator } from "./accumulators.ts";

/**
 * Arithmetic of the products of a GEMM or convolution.
 * `f32`: FP32 operands, FP32 accumulator (reference: FP64, rounded once to FP32).
 * `bf16`: every operand value is a BF16 value, so products are exact in FP32; FP32 accumulator.
 * `i16`: operands are integer · 2^sharedExponent; products are exact in INT32; integer chains are spilled to FP32
 * before any chain can overflow; the sum is scaled by 2^(Ea + Eb). The shared exponents come as two more
 * inputs (i32 [1] each, in operand order).
 */
export type Carrier = "f32" | "bf16" | "i16";

interface Accumulates {
  /**
   * How products are added up, to the bit. Absent: as the carrier's fastest path does, within the bounds of
   * conformance/bounds.ts. `fp64` and `rounded` want the carrier f32, `amxBf16` and `vdpbf16` bf16.
   */
  readonly accumulator?: Accumulator;
}

export interface ConvAttrs extends Accumulates {
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly groups: number;
  readonly carrier: Carrier;
}

export interface ProductAttrs {
  /** x[NHWC], w[KRSC] → y[N,OH,OW,K]: cross-correlation, as PyTorch's conv2d. OH = ⌊(H + 2·pad − dil·(R−1) − 1)/stride⌋ + 1. */
  conv2d: ConvAttrs;
  /** gy[N,OH,OW,K], w[KRSC] → gx[NHWC] (the shape of x is the output's shape). */
  conv2dGradInput: ConvAttrs;
  /** gy[N,OH,OW,K], x[NHWC] → gw[KRSC]. */
  conv2dGradWeight: ConvAttrs;
  /**
   * a[…,M,K], b[…,K,N] → c[…,M,N]; transA/transB: the last two axes of a/b are stored swapped.
   * Leading axes are equal, or the operand has none (rank 2 is shared by all).
   */
  matmul: { readonly transA: boolean; readonly transB: boolean; readonly carrier: Carrier } & Accumulates;
}

const CONVOLUTION_ORDER = [
  "strideH",
  "strideW",
  "padH",
  "padW",
  "dilationH",
  "dilationW",
  "groups",
  "carrier",
  "accumulator",
] as const satisfies readonly (keyof ConvAttrs)[];

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const PRODUCT_ATTR_ORDER = {
  conv2d: CONVOLUTION_ORDER,
  conv2dGradInput: CONVOLUTION_ORDER,
  conv2dGradWeight: CONVOLUTION_ORDER,
  matmul: ["transA", "transB", "carrier", "accumulator"],
} as const satisfies { readonly [Op in keyof ProductAttrs]: readonly (keyof ProductAttrs[Op])[] };
