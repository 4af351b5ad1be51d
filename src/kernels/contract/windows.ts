/**
 * Pooling: operations on windows of images, NHWC. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

export interface PoolAttrs {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
}

export interface WindowAttrs {
  /** x[NHWC] → y[N,OH,OW,C], index i32 (position h·W + w of the first maximum; the first NaN wins). pad < kernel. */
  maxPool2d: PoolAttrs;
  /** gy, index → gx[NHWC]. */
  maxPool2dGrad: PoolAttrs;
  /** x[NHWC] → mean over the window, padding counted as zeros in a divisor kernelH·kernelW. */
  avgPool2d: PoolAttrs;
  avgPool2dGrad: PoolAttrs;
}

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const WINDOW_ATTR_ORDER = {
  maxPool2d: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
  maxPool2dGrad: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
  avgPool2d: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
  avgPool2dGrad: ["kernelH", "kernelW", "strideH", "strideW", "padH", "padW"],
} as const satisfies { readonly [Op in keyof WindowAttrs]: readonly (keyof WindowAttrs[Op])[] };
