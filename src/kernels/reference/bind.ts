/**
 * From a plan to arrays: checks a plan and the arrays bound to its externals, and gives every operand its tensor. Knows
 * nothing of what the operations compute. The layout of the arena is the native kernels' business: here every buffer is
 * an array of its own, shared only by buffers of the same place and size, as the planner reuses memory.
 */

import { require } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import { boundArray } from "../bound-array.ts";
import type { DType, ExternalArray, Operand, Plan } from "../contract.ts";
import type { RefArray, RefTensor } from "./tensor.ts";

export type Precision = "f32" | "f64";

const REAL_ARRAYS = { f32: Float32Array, f64: Float64Array } as const;

/** One array per buffer of the plan. @throws RoundoffError for externals that are missing or do not fit. */
export function bindBuffers(
  plan: Plan,
  externals: ReadonlyMap<string, ExternalArray>,
  precision: Precision,
): readonly RefArray[] {
  const arena = new Map<string, RefArray>();
  return plan.buffers.map((buffer) => {
    if (buffer.place === "external") {
      return boundArray(buffer, externals, arrayType(buffer.dtype, precision));
    }
    const region = `${buffer.offset}:${buffer.elements}:${buffer.dtype === "i32"}`;
    const array = arena.get(region) ?? new (arrayType(buffer.dtype, precision))(buffer.elements);
    arena.set(region, array);
    return array;
  });
}

/** The tensor of one operand: the first elements of its buffer. @throws RoundoffError if it does not fit. */
export function bindOperand(operand: Operand, plan: Plan, arrays: readonly RefArray[]): RefTensor {
  const array = arrays[operand.buffer];
  require(array !== undefined, "INVALID_ARGUMENT", () => ({
    what: "an operand of the plan names a buffer that does not exist",
    expected: `an index from 0 to ${arrays.length - 1}`,
    received: String(operand.buffer),
  }));
  const { name, dtype } = plan.buffers[operand.buffer];
  require(operand.dtype === dtype, "INVALID_ARGUMENT", () => ({
    what: `an operand reads buffer ${operand.buffer} (${name}) as another type`,
    expected: dtype,
    received: operand.dtype,
  }));
  const elements = elementCount(operand.shape);
  require(elements <= array.length, "SHAPE_MISMATCH", () => ({
    what: `an operand of shape [${operand.shape.join(", ")}] does not fit buffer ${operand.buffer} (${name})`,
    expected: `at most ${array.length} elements`,
    received: `${elements}`,
  }));
  return { data: array.subarray(0, elements), shape: operand.shape, dtype };
}

/** The words that key stochastic rounding and dropout, read anew at each run. @throws RoundoffError if there is no clock. */
export function bindClock(plan: Plan, arrays: readonly RefArray[]): RefArray | undefined {
  const draws = plan.commands.some(
    ({ op, attrs, outputs, epilogue = [] }) =>
      op === "dropout" ||
      ((op === "quantizeDynamicFixed" || op === "quantizeValues") && attrs.rounding === "stochastic") ||
      outputs.some(({ store }) => store?.rounding === "stochastic") ||
      epilogue.some(({ round }) => round?.rounding === "stochastic"),
  );
  const clock = arrays[plan.clockBuffer];
  require(!draws || clock?.length === 3, "INVALID_ARGUMENT", () => ({
    what: "the plan draws random numbers but its clock buffer is missing",
    expected: "clockBuffer to be the index of an external i32 buffer of 3 elements",
    received: clock === undefined ? String(plan.clockBuffer) : `${clock.length} elements`,
  }));
  return clock;
}

function arrayType(
  dtype: DType,
  precision: Precision,
): typeof Int32Array | typeof Float32Array | typeof Float64Array {
  return dtype === "i32" ? Int32Array : REAL_ARRAYS[precision];
}
