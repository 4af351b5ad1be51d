/**
 * The symbolic tensor that a model's `forward` is written with: a value of a graph and the operations that append
 * nodes to it. Holds no numbers. Images are NHWC.
 */
import type { ConvAttrs } from "../kernels/contract.ts";
import { type AvgPoolOptions, avgPoolAttrs, type MaxPoolOptions, maxPoolAttrs, pair } from "./pooling.ts";
import { ReductionTensor } from "./tensor/reductions.ts";

export type { AvgPoolOptions, MaxPoolOptions, PoolOptions } from "./pooling.ts";
export type { OperandLike, TensorBase } from "./tensor/base.ts";
export type { AxisSlice, PadOptions } from "./tensor/movement.ts";
export type { ReduceOptions, VarianceOptions } from "./tensor/reductions.ts";

/** Spatial options of a convolution; one number means the same for rows and columns. */
export interface ConvOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
  readonly groups?: number;
}

export class Tensor extends ReductionTensor {
  /**
   * a[…,M,K] · b[…,K,N]; `transA`, `transB` say that the last two axes are stored swapped. With a matrix b that all share,
   * a's rows are one tall matrix: so the gradient of b is one product too.
   */
  matmul(other: Tensor, { transA = false, transB = false } = {}): Tensor {
    const attrs = { transA, transB, carrier: "f32" } as const;
    if (transA || this.rank <= 2 || other.rank !== 2) return this.apply("matmul", attrs, [other]);
    const columns = other.shape[transB ? 0 : 1];
    const product = this.reshape([-1, this.shape[this.rank - 1]]).apply("matmul", attrs, [other]);
    return product.reshape([...this.shape.slice(0, -1), columns]);
  }

  /** Cross-correlation of x[N,H,W,C] with weight[K,R,S,C/groups], as PyTorch's conv2d. */
  conv2d(weight: Tensor, options: ConvOptions = {}): Tensor {
    return this.apply("conv2d", convAttrs(options), [weight]);
  }

  maxPool2d(options: MaxPoolOptions): Tensor {
    return this.apply("maxPool2d", maxPoolAttrs(this.shape, options));
  }

  /** Mean over windows; padding counts as zeros unless the options say otherwise. */
  avgPool2d(options: AvgPoolOptions): Tensor {
    return this.apply("avgPool2d", avgPoolAttrs(this.shape, options));
  }
}

export function convAttrs({ stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvOptions): ConvAttrs {
  const [strideH, strideW] = pair(stride);
  const [padH, padW] = pair(padding);
  const [dilationH, dilationW] = pair(dilation);
  return { strideH, strideW, padH, padW, dilationH, dilationW, groups, carrier: "f32" };
}
