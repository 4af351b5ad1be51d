/**
 * Pooling and resampling: operations on windows of images, NHWC. What each computes is in its comment: inputs → outputs.
 * Part of contract.ts, which says what holds for all; shape letters are explained there.
 */

/**
 * Window (oh, ow) is rows oh·strideH − padH + r·dilationH for r < kernelH, and columns likewise, where they lie in the
 * image; every window has a pixel in it. Adaptive: rows ⌊oh·H/OH⌋ … ⌈(oh + 1)·H/OH⌉ − 1, and only the sizes of image and
 * output count; the other attributes are not read.
 */
export interface PoolAttrs {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly adaptive: boolean;
}

export interface AvgPoolAttrs extends PoolAttrs {
  /** Pixels of the padding count in the divisor: those up to padH and padW beyond the image, as PyTorch's. */
  readonly countIncludePad: boolean;
  /** The divisor of every window; 0: the number of its pixels. */
  readonly divisorOverride: number;
}

export const INTERPOLATIONS = ["nearest", "nearestExact", "bilinear"] as const;
export type Interpolation = (typeof INTERPOLATIONS)[number];

/**
 * Output row o reads the image at row p, all in FP64: nearest o·scaleH, nearestExact (o + ½)·scaleH, both rounded down and at
 * most H − 1; bilinear max(0, (o + ½)·scaleH − ½), or o·scaleH if corners are aligned: rows l = min(⌊p⌋, H − 1) and min(l + 1,
 * H − 1) with the weights 1 − t and t = min(p − l, 1). Columns likewise.
 */
export interface ResampleAttrs {
  readonly interpolation: Interpolation;
  readonly alignCorners: boolean;
  /** Image pixels per output pixel. */
  readonly scaleH: number;
  readonly scaleW: number;
}

export interface WindowAttrs {
  /** x[NHWC] → y[N,OH,OW,C], index i32 (position h·W + w of the first maximum; the first NaN wins). */
  maxPool2d: PoolAttrs;
  /** gy, index → gx[NHWC]. */
  maxPool2dGrad: PoolAttrs;
  /** x[NHWC] → y[N,OH,OW,C] = Σ of the window / divisor. dilation is 1. */
  avgPool2d: AvgPoolAttrs;
  /** gy[N,OH,OW,C] → gx[NHWC] = Σ gy/divisor over the windows that hold the pixel. */
  avgPool2dGrad: AvgPoolAttrs;
  /** x[NHWC] → y[N,OH,OW,C]: the image at the places of the output's pixels, weights rounded to FP32. */
  resample2d: ResampleAttrs;
  /** gy[N,OH,OW,C] → gx[NHWC]: every gradient goes back to the pixels that were read, with their weights. */
  resample2dGrad: ResampleAttrs;
}

const POOL_ORDER = [
  "kernelH",
  "kernelW",
  "strideH",
  "strideW",
  "padH",
  "padW",
  "dilationH",
  "dilationW",
  "adaptive",
] as const satisfies readonly (keyof PoolAttrs)[];

/** Attributes as numbers, in this order: see ATTR_ORDER in contract.ts. */
export const WINDOW_ATTR_ORDER = {
  maxPool2d: POOL_ORDER,
  maxPool2dGrad: POOL_ORDER,
  avgPool2d: [...POOL_ORDER, "countIncludePad", "divisorOverride"],
  avgPool2dGrad: [...POOL_ORDER, "countIncludePad", "divisorOverride"],
  resample2d: ["interpolation", "alignCorners", "scaleH", "scaleW"],
  resample2dGrad: ["interpolation", "alignCorners", "scaleH", "scaleW"],
} as const satisfies { readonly [Op in keyof WindowAttrs]: readonly (keyof WindowAttrs[Op])[] };
