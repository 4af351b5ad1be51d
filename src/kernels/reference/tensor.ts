/**
 * What a reference kernel is handed: tensors as typed arrays of plain numbers, and the arithmetic of the run. Knows
 * nothing of plans, storage widths or formats: rounding on store happens after the kernel (store.ts).
 */
import type { DType, OpAttrs, OpName } from "../contract.ts";

/** Every float and integer storage type but i32 is held as FP32 (or FP64) numbers; the values are the same. */
export type RefArray = Float32Array | Float64Array | Int32Array;

/** `data.length` is the number of elements of `shape`; dense, last axis fastest. */
export interface RefTensor {
  readonly data: RefArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Key of the random bits of one run: the three words of the plan's clock buffer, unsigned. */
export interface Clock {
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly step: number;
}

export interface KernelContext {
  /** Rounding of one arithmetic operation: `Math.fround` in FP32, the identity in FP64. */
  readonly round: (x: number) => number;
  /** Absent when the plan has no clock buffer. */
  readonly clock?: Clock;
}

/** A kernel writes `outputs` from `inputs`; outputs may be the inputs where the contract says so. */
export type ReferenceKernel<Op extends OpName> = (
  inputs: readonly RefTensor[],
  outputs: readonly RefTensor[],
  attrs: OpAttrs[Op],
  context: KernelContext,
) => void;

/** Elements from one index of an axis to the next, per axis, of a dense tensor. */
export function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}
