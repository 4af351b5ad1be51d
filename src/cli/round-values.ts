/**
 * Rounds an array of values by a kernel set as one `copy` or `quantizeDynamicFixed` command of a plan. Knows nothing of
 * files.
 */
import { EXPONENT_NOT_A_NUMBER, largestInteger } from "../formats/dynamic-fixed-point.ts";
import { powerOfTwo } from "../formats/exponents.ts";
import type { FixedFormat, FloatFormat, Overflow, Rounding } from "../formats/format.ts";
import { minNormal } from "../formats/format.ts";
import { roundUnbounded } from "../formats/round.ts";
import { roundToInteger } from "../formats/round-integer.ts";
import { gatherStatistics, type RoundingStatistics } from "../formats/rounding-statistics.ts";
import type { Command, KernelSet, Operand, Plan } from "../kernels/contract.ts";
import { type RoundingKey, roundingCursor } from "../random/rounding-bits.ts";

export interface RoundedValues {
  readonly values: Float32Array;
  readonly statistics: RoundingStatistics;
  /** Dynamic fixed point only. */
  readonly sharedExponent?: number;
  /** Time of the rounding alone, in nanoseconds. */
  readonly nanoseconds: number;
}

/** A request that one command of a plan can serve. */
export interface RoundingRequest {
  readonly format: FloatFormat | FixedFormat;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly key: RoundingKey;
}

/** Rounds with one command of a kernel set. `key.offset` must be at its default: the commands have no such setting. */
export async function roundWithKernels(
  kernels: KernelSet,
  source: Float32Array,
  request: RoundingRequest,
): Promise<RoundedValues> {
  const { format, key } = request;
  const values = new Float32Array(source.length);
  const exponent = new Int32Array(1);
  const externals: Externals = {
    source,
    values,
    clock: new Int32Array([key.seedLow, key.seedHigh, key.step]),
    exponent,
  };
  const plan = kernels.prepare(roundingPlan(request, externals), new Map(Object.entries(externals)));
  const start = process.hrtime.bigint();
  await plan.run();
  const nanoseconds = Number(process.hrtime.bigint() - start);
  if (format.kind === "float") {
    return { values, statistics: floatStatistics(source, values, format, request), nanoseconds };
  }
  const sharedExponent = exponent[0];
  // The kernels leave zeros under the mark; as values they are not numbers.
  if (sharedExponent === EXPONENT_NOT_A_NUMBER) values.fill(Number.NaN);
  const statistics = fixedStatistics(source, values, format, sharedExponent, request);
  return { values, statistics, sharedExponent, nanoseconds };
}

interface Externals {
  readonly source: Float32Array;
  readonly values: Float32Array;
  readonly clock: Int32Array;
  readonly exponent: Int32Array;
}

/** The plan of one command; its buffers are the externals, in their order. */
function roundingPlan({ format, rounding, overflow, key }: RoundingRequest, externals: Externals): Plan {
  const names = Object.keys(externals) as (keyof Externals)[];
  const buffers = names.map((name) => ({
    place: "external" as const,
    offset: 0,
    name,
    dtype: externals[name] instanceof Int32Array ? ("i32" as const) : ("f32" as const),
    elements: externals[name].length,
  }));
  const operand = (name: keyof Externals): Operand => ({
    buffer: names.indexOf(name),
    shape: [externals[name].length],
    dtype: buffers[names.indexOf(name)].dtype,
  });
  const { tensorId } = key;
  const output = operand("values");
  const command: Command =
    format.kind === "float"
      ? {
          op: "copy",
          attrs: {},
          inputs: [operand("source")],
          outputs: [{ ...output, store: { format, rounding, overflow, tensorId } }],
        }
      : {
          op: "quantizeDynamicFixed",
          attrs: { bits: format.bits, rounding, tensorId },
          inputs: [operand("source")],
          outputs: [output, operand("exponent")],
        };
  const clockBuffer = rounding === "stochastic" ? names.indexOf("clock") : -1;
  return { buffers, arenaBytes: 0, commands: [command], clockBuffer };
}

/** What rounding did, from the values before and after; the same counts as `roundArray` gives. */
function floatStatistics(
  source: Float32Array,
  values: Float32Array,
  format: FloatFormat,
  { rounding, overflow, key }: RoundingRequest,
): RoundingStatistics {
  const random = rounding === "stochastic" ? roundingCursor(key) : () => undefined;
  const statistics = gatherStatistics();
  const smallestNormal = minNormal(format);
  let saturated = 0;
  for (let i = 0; i < source.length; i++) {
    const x = source[i];
    statistics.add(x, values[i], smallestNormal);
    const tooLarge = overflow === "saturate" && Math.abs(x) > format.maxFinite;
    if (tooLarge && roundUnbounded(Math.abs(x), x < 0, format, rounding, random(i)) > format.maxFinite)
      saturated++;
  }
  return statistics.finish(saturated);
}

/** As `roundArrayDynamicFixed` gives them. */
function fixedStatistics(
  source: Float32Array,
  values: Float32Array,
  format: FixedFormat,
  sharedExponent: number,
  { rounding, key }: RoundingRequest,
): RoundingStatistics {
  const isNumber = sharedExponent !== EXPONENT_NOT_A_NUMBER;
  const random = rounding === "stochastic" ? roundingCursor(key) : () => undefined;
  const largest = largestInteger(format.bits);
  // FP32 values have exponents of −149 and more: neither power leaves the range of a double.
  const statistics = gatherStatistics();
  const spacing = isNumber ? powerOfTwo(sharedExponent) : 0;
  const inverse = isNumber ? powerOfTwo(-sharedExponent) : 0;
  let saturated = 0;
  for (let i = 0; i < source.length; i++) {
    const x = source[i];
    statistics.add(x, values[i], spacing);
    const magnitude = Math.abs(x) * inverse;
    if (magnitude > largest && roundToInteger(magnitude, x < 0, rounding, random(i)) > largest) saturated++;
  }
  return statistics.finish(saturated);
}
