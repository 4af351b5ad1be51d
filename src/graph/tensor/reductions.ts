/** Methods that combine the elements along axes. Negative axes count from the end; default: all. Names are PyTorch's. */
import type { ReduceKind } from "../../kernels/contract.ts";
import { elementCount, type Role } from "../graph.ts";
import { IndexingTensor, type Ranked } from "./indexing.ts";

export interface ReduceOptions {
  /** Negative counts from the end; default: all axes. */
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
}

export interface VarianceOptions extends ReduceOptions {
  /** The sum of squares is divided by the number of elements − correction; 1 (default) makes it unbiased. */
  readonly correction?: number;
}

export abstract class ReductionTensor extends IndexingTensor {
  /** Σ over `axes` (negative counts from the end; default all); `keepDims` leaves them as size 1. */
  sum(options: ReduceOptions = {}): this {
    return this.reduceSum(options, (kept) => kept);
  }

  mean(options: ReduceOptions = {}): this {
    // The sum is an accumulator, not a stored activation: only the mean is ever rounded.
    return this.reduceSum(
      options,
      (kept) => kept.affine(elementCount(kept.shape) / elementCount(this.shape)),
      "statistic",
    );
  }

  /** The largest element; its gradient is shared by all that equal it (PyTorch's amax). */
  amax(options: ReduceOptions = {}): this {
    return this.reduceBy("max", options);
  }

  amin(options: ReduceOptions = {}): this {
    return this.reduceBy("min", options);
  }

  /** Largest elements along one axis and their positions; the gradient goes to the first of equals (PyTorch's max(dim)). */
  max(axis: number, { keepDims = false } = {}): Ranked<this> {
    return this.extreme(true, axis, keepDims);
  }

  min(axis: number, { keepDims = false } = {}): Ranked<this> {
    return this.extreme(false, axis, keepDims);
  }

  prod(options: ReduceOptions = {}): this {
    return this.reduceBy("prod", options);
  }

  logSumExp(options: ReduceOptions = {}): this {
    return this.reduceBy("logSumExp", options);
  }

  /** (Σ|x|^p)^(1/p): the sum of magnitudes, the length (default), …, for p = Infinity the largest magnitude. */
  norm({ p = 2, ...options }: ReduceOptions & { readonly p?: number } = {}): this {
    if (p === Number.POSITIVE_INFINITY) return this.abs().amax(options);
    if (p === 1 || p === 2) return this.reduceBy(p === 1 ? "norm1" : "norm2", options);
    return this.abs()
      .pow(p)
      .sum(options)
      .pow(1 / p);
  }

  variance({ correction = 1, ...options }: VarianceOptions = {}): this {
    return this.reduceBy("variance", options, { correction });
  }

  std({ correction = 1, ...options }: VarianceOptions = {}): this {
    return this.reduceBy("variance", options, { correction, roles: ["statistic"] }).sqrt();
  }

  /** 1 if an element is not 0, else 0. */
  any(options: ReduceOptions = {}): this {
    return this.ne(0).amax(options);
  }

  /** 1 if no element is 0, else 0. */
  all(options: ReduceOptions = {}): this {
    return this.ne(0).amin(options);
  }

  softmax(axis = -1): this {
    return this.apply("softmax", { axis: this.axis(axis), log: false });
  }

  logSoftmax(axis = -1): this {
    return this.apply("softmax", { axis: this.axis(axis), log: true });
  }

  /** Running sum along an axis. */
  cumsum(axis: number): this {
    return this.apply("cumsum", { axis: this.axis(axis), reverse: false });
  }

  private extreme(largest: boolean, axis: number, keepDims: boolean): Ranked<this> {
    const indices = largest ? this.argmax(axis, { keepDims: true }) : this.argmin(axis, { keepDims: true });
    const values = this.gather(axis, indices);
    if (keepDims) return { values, indices };
    const shape = this.shape.filter((_, a) => a !== this.axis(axis));
    return { values: values.reshape(shape), indices: indices.reshape(shape) };
  }

  private reducedAxes(axes: readonly number[] | undefined): readonly number[] {
    return (axes ?? this.shape.map((_, i) => i)).map((axis) => this.axis(axis));
  }

  private reduceBy(
    kind: ReduceKind,
    { axes, keepDims = false }: ReduceOptions,
    { correction, roles }: { correction?: number; roles?: readonly Role[] } = {},
  ): this {
    const reduced = this.reducedAxes(axes);
    const kept = this.apply("reduce", { kind, correction, axes: reduced }, [], roles);
    return keepDims ? kept : kept.reshape(this.shape.filter((_, i) => !reduced.includes(i)));
  }

  private reduceSum(
    { axes, keepDims = false }: ReduceOptions,
    finish: (kept: this) => this,
    role?: Role,
  ): this {
    const reduced = this.reducedAxes(axes);
    const kept = finish(this.apply("reduceSum", { axes: reduced }, [], role === undefined ? [] : [role]));
    return keepDims ? kept : kept.reshape(this.shape.filter((_, i) => !reduced.includes(i)));
  }
}
