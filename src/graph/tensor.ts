/**
 * The symbolic tensor that a model's `forward` is written with: a value of a graph and the operations that append
 * nodes to it. Holds no numbers. Images are NHWC.
 */
import type { BinaryKind, ConvAttrs, UnaryKind } from "../kernels/contract.ts";
import { elementCount, type Graph, type Role, type Value } from "./graph.ts";
import { type AvgPoolOptions, avgPoolAttrs, type MaxPoolOptions, maxPoolAttrs, pair } from "./pooling.ts";

export type { AvgPoolOptions, MaxPoolOptions, PoolOptions } from "./pooling.ts";

/** Spatial options of a convolution; one number means the same for rows and columns. */
export interface ConvOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
  readonly groups?: number;
}

export interface ReduceOptions {
  /** Negative counts from the end; default: all axes. */
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
}

export class Tensor {
  readonly graph: Graph;
  readonly value: Value;

  constructor(graph: Graph, value: Value) {
    this.graph = graph;
    this.value = value;
  }

  get shape(): readonly number[] {
    return this.value.shape;
  }

  private wrap(values: readonly Value[]): Tensor {
    return new Tensor(this.graph, values[0]);
  }

  private unary(kind: UnaryKind): Tensor {
    return this.wrap(this.graph.apply("unary", [this.value], { kind }));
  }

  private binary(kind: BinaryKind, other: Tensor): Tensor {
    return this.wrap(this.graph.apply("binary", [this.value, other.value], { kind }));
  }

  relu = (): Tensor => this.unary("relu");
  neg = (): Tensor => this.unary("neg");
  abs = (): Tensor => this.unary("abs");
  square = (): Tensor => this.unary("square");
  sqrt = (): Tensor => this.unary("sqrt");
  rsqrt = (): Tensor => this.unary("rsqrt");
  reciprocal = (): Tensor => this.unary("reciprocal");
  exp = (): Tensor => this.unary("exp");
  log = (): Tensor => this.unary("log");
  tanh = (): Tensor => this.unary("tanh");
  sigmoid = (): Tensor => this.unary("sigmoid");
  gelu = (): Tensor => this.unary("gelu");

  add = (other: Tensor): Tensor => this.binary("add", other);
  sub = (other: Tensor): Tensor => this.binary("sub", other);
  mul = (other: Tensor): Tensor => this.binary("mul", other);
  div = (other: Tensor): Tensor => this.binary("div", other);
  maximum = (other: Tensor): Tensor => this.binary("maximum", other);
  minimum = (other: Tensor): Tensor => this.binary("minimum", other);

  /** scale · x + offset with constants. */
  affine(scale: number, offset = 0): Tensor {
    return this.wrap(this.graph.apply("affine", [this.value], { scale, offset }));
  }

  /** a[…,M,K] · b[…,K,N]; `transA`, `transB` say that the last two axes are stored swapped. */
  matmul(other: Tensor, { transA = false, transB = false } = {}): Tensor {
    return this.wrap(
      this.graph.apply("matmul", [this.value, other.value], { transA, transB, carrier: "f32" }),
    );
  }

  /** Cross-correlation of x[N,H,W,C] with weight[K,R,S,C/groups], as PyTorch's conv2d. */
  conv2d(weight: Tensor, options: ConvOptions = {}): Tensor {
    return this.wrap(this.graph.apply("conv2d", [this.value, weight.value], convAttrs(options)));
  }

  maxPool2d(options: MaxPoolOptions): Tensor {
    return this.wrap(this.graph.apply("maxPool2d", [this.value], maxPoolAttrs(this.shape, options)));
  }

  /** Mean over windows; padding counts as zeros unless the options say otherwise. */
  avgPool2d(options: AvgPoolOptions): Tensor {
    return this.wrap(this.graph.apply("avgPool2d", [this.value], avgPoolAttrs(this.shape, options)));
  }

  reshape(shape: readonly number[]): Tensor {
    return this.wrap(this.graph.apply("reshape", [this.value], { shape }));
  }

  /** Keeps the first axis, joins the others. */
  flatten(): Tensor {
    const [first, ...rest] = this.shape;
    return this.reshape([first, elementCount(rest)]);
  }

  transpose(perm: readonly number[]): Tensor {
    return this.wrap(this.graph.apply("transpose", [this.value], { perm }));
  }

  broadcastTo(shape: readonly number[]): Tensor {
    return this.wrap(this.graph.apply("broadcastTo", [this.value], { shape }));
  }

  /** Σ over `axes` (negative counts from the end; default all); `keepDims` leaves them as size 1. */
  sum(options: ReduceOptions = {}): Tensor {
    return this.reduce(options, (kept) => kept);
  }

  mean(options: ReduceOptions = {}): Tensor {
    // The sum is an accumulator, not a stored activation: only the mean is ever rounded.
    return this.reduce(
      options,
      (kept) => kept.affine(elementCount(kept.shape) / elementCount(this.shape)),
      "statistic",
    );
  }

  private reduce(
    { axes, keepDims = false }: ReduceOptions,
    finish: (kept: Tensor) => Tensor,
    role?: Role,
  ): Tensor {
    const rank = this.shape.length;
    const reduced = (axes ?? this.shape.map((_, i) => i)).map((axis) => (axis < 0 ? axis + rank : axis));
    const roles = role === undefined ? [] : [role];
    const kept = finish(this.wrap(this.graph.apply("reduceSum", [this.value], { axes: reduced }, roles)));
    return keepDims ? kept : kept.reshape(this.shape.filter((_, i) => !reduced.includes(i)));
  }
}

export function convAttrs({ stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvOptions): ConvAttrs {
  const [strideH, strideW] = pair(stride);
  const [padH, padW] = pair(padding);
  const [dilationH, dilationW] = pair(dilation);
  return { strideH, strideW, padH, padW, dilationH, dilationW, groups, carrier: "f32" };
}
