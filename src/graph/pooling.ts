/**
 * From PyTorch's options of pooling to the attributes of the primitives and the output's size, which ceil mode may round
 * up. Knows nothing of tensors.
 */
import type { AvgPoolAttrs, PoolAttrs } from "../kernels/contract.ts";
import type { PrimitiveAttrs } from "./primitives.ts";
import { outputSize, type Shape } from "./shapes.ts";

/** One number means the same for rows and columns. */
export type Size2d = number | readonly [number, number];

export interface PoolOptions {
  readonly kernelSize: Size2d;
  /** Default: the kernel size. */
  readonly stride?: Size2d;
  readonly padding?: Size2d;
  /** A last window that reaches over the edge counts too, if it begins inside the padded image. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: Size2d;
}

export interface AvgPoolOptions extends PoolOptions {
  /** Padding counts in the divisor. Default: true. */
  readonly countIncludePad?: boolean;
  /** Divides every sum by this number instead of the number of pixels. */
  readonly divisorOverride?: number;
}

export const pair = (size: Size2d): readonly [number, number] =>
  typeof size === "number" ? [size, size] : size;

/** For x of `shape` [N, H, W, C]. */
export function maxPoolAttrs(shape: Shape, options: MaxPoolOptions): PrimitiveAttrs["maxPool2d"] {
  const attrs = windowAttrs(options, options.dilation);
  return { ...attrs, shape: pooledShape(shape, attrs, options.ceilMode) };
}

/** For x of `shape` [N, H, W, C]. */
export function avgPoolAttrs(shape: Shape, options: AvgPoolOptions): PrimitiveAttrs["avgPool2d"] {
  const attrs = windowAttrs(options);
  const { countIncludePad = true, divisorOverride = 0, ceilMode } = options;
  return { ...attrs, countIncludePad, divisorOverride, shape: pooledShape(shape, attrs, ceilMode) };
}

/** Pooling of x of `shape` to a given size; a size of null leaves that axis as it is. */
export function adaptivePoolAttrs(
  [n, h, w, c]: Shape,
  outputSize: number | readonly [number | null, number | null],
): AvgPoolAttrs & { readonly shape: Shape } {
  const [rows, columns] = typeof outputSize === "number" ? [outputSize, outputSize] : outputSize;
  const attrs = { ...windowAttrs({ kernelSize: 1 }), adaptive: true };
  return { ...attrs, countIncludePad: true, divisorOverride: 0, shape: [n, rows ?? h, columns ?? w, c] };
}

function windowAttrs(
  { kernelSize, stride = kernelSize, padding = 0 }: PoolOptions,
  dilation: Size2d = 1,
): PoolAttrs {
  const [kernelH, kernelW] = pair(kernelSize);
  const [strideH, strideW] = pair(stride);
  const [padH, padW] = pair(padding);
  const [dilationH, dilationW] = pair(dilation);
  return { kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, adaptive: false };
}

function pooledShape([n, h, w, c]: Shape, attrs: PoolAttrs, ceilMode = false): Shape {
  const size = ceilMode ? ceilSize : outputSize;
  return [
    n,
    size(h, attrs.kernelH, attrs.strideH, attrs.padH, attrs.dilationH),
    size(w, attrs.kernelW, attrs.strideW, attrs.padW, attrs.dilationW),
    c,
  ];
}

/** As `outputSize` rounded up, without a window that would begin beyond the image and its padding before it. */
function ceilSize(size: number, kernel: number, stride: number, pad: number, dilation: number): number {
  const windows = Math.ceil((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
  return (windows - 1) * stride >= size + pad ? windows - 1 : windows;
}
