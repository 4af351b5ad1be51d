/** What a gradient check is, and inputs that stay clear of kinks. Used by the case files beside it. */
import type { CheckedInput } from "../../src/autodiff/gradcheck.ts";
import type { Primitive } from "../../src/graph/primitives.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { randomStream } from "../../src/random/streams.ts";

export interface GradientCase {
  readonly name: string;
  /** The differentiable primitive that the case is about. */
  readonly covers: Primitive;
  readonly build: (inputs: Tensor[]) => Tensor;
  readonly inputs: readonly CheckedInput[];
}

let draws = 0;
/** Values in ±2 whose distance from 0, and from each other's ties, is far larger than the step. */
export function input(...shape: number[]): CheckedInput {
  const stream = randomStream({ seed: 11, stream: "init", id: draws++ });
  const length = shape.reduce((product, size) => product * size, 1);
  const values = Float64Array.from({ length }, () => {
    const u = stream.uniform() * 4 - 2;
    return Math.abs(u) < 0.05 ? u + 0.1 * Math.sign(u || 1) : u;
  });
  return { shape, values };
}

export const positive = (checked: CheckedInput): CheckedInput => ({
  ...checked,
  values: checked.values.map((value) => Math.abs(value) + 0.3),
});

export const labels = (...values: number[]): CheckedInput => ({
  shape: [values.length],
  values: Float64Array.from(values),
  dtype: "i32",
  differentiable: false,
});

/** Integers that an operation reads as positions, lengths or a mask. */
export const indices = (shape: readonly number[], values: readonly number[]): CheckedInput => ({
  shape,
  values: Float64Array.from(values),
  dtype: "i32",
  differentiable: false,
});
