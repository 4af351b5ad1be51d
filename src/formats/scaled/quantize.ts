/**
 * Tensors under scales: integers per tensor, per axis or affine, block floating point, MX and NVFP4. Chooses the scales,
 * rounds every element once to its code, and measures what that did. The readable truth for the bulk kernels. Knows
 * nothing of memory layouts beyond row-major order.
 */
import { require } from "../../base/errors.ts";
import { largestInteger } from "../dynamic-fixed-point.ts";
import { powerOfTwo } from "../exponents.ts";
import { decodeFloat, encodeFloat } from "../float-codes.ts";
import type { FixedFormat, FloatFormat, Rounding, ScaledFormat, ScaleRule } from "../format.ts";
import { minNormal } from "../format.ts";
import { roundToFormat, roundUnbounded } from "../round.ts";
import type { RandomAt } from "../round-array.ts";
import { requireRandomBits, roundToInteger } from "../round-integer.ts";
import type { RoundingStatistics } from "../rounding-statistics.ts";
import { gatherStatistics } from "../rounding-statistics.ts";
import { blockGroups, type Groups, sliceGroups, type TensorLayout } from "./layout.ts";
import { type GroupRange, isPowerOfTwo, type Scales, scalesFor, stepOf } from "./scales.ts";

export interface QuantizeOptions extends TensorLayout {
  /** Default: "nearestEven". */
  readonly rounding?: Rounding;
  /** How shared exponents follow from amax. Default: "floor". */
  readonly scaleRule?: ScaleRule;
  /** Needed by `stochastic` only: the uint32 of an element. */
  readonly randomAt?: RandomAt;
  /** Random bits of `stochastic`. Default: 32. */
  readonly randomBits?: number;
}

/** Codes and everything that is needed to read them. */
export interface QuantizedTensor extends TensorLayout, Scales {
  readonly format: ScaledFormat;
  /** One for each element, row-major: codes of a float element, signed integers, or unsigned ones if affine. */
  readonly codes: Int32Array;
}

export interface Quantization extends QuantizedTensor {
  /** What the codes stand for; the same as `dequantize` gives. */
  readonly values: Float32Array;
  readonly statistics: RoundingStatistics;
}

/**
 * Rounds a tensor to a format with scales. Elements beyond the largest code saturate, whatever the rounding mode.
 *
 * A group that holds NaN or ±Infinity is not a number as a whole (NVFP4: the tensor is): its scale says so, its codes are
 * 0, its values NaN. In an all-zero group every value is zero, −0 only where the element format has it. A value whose
 * scale takes it out of FP32 is ±Infinity; only rules that round scales up can do that, near FP32's largest values.
 *
 * @throws RoundoffError SHAPE_MISMATCH or INVALID_ARGUMENT for a shape, an axis or a rule that does not fit.
 */
export function quantize(
  values: Float32Array,
  format: ScaledFormat,
  options: QuantizeOptions = {},
): Quantization {
  const { rounding = "nearestEven", scaleRule, randomAt, randomBits } = options;
  const { shape, blockAxis, scaling } = options;
  requireRandomBits(randomBits);
  const groups = groupsOf(values.length, format, options);
  const scales = scalesFor(rangesOf(values, groups), format, { scaling, rule: scaleRule });
  const coders = codersOf(format, options, scales, groups.count);
  const codes = new Int32Array(values.length);
  const results = new Float32Array(values.length);
  const statistics = gatherStatistics();
  let saturated = 0;
  for (let element = 0; element < values.length; element++) {
    const coder = coders[groups.of(element)];
    const random = rounding === "stochastic" ? randomAt?.(element) : undefined;
    const coded = coder.encode(values[element], { rounding, random, randomBits });
    codes[element] = coded.code;
    if (coded.saturated) saturated++;
    results[element] = coder.decode(coded.code);
    statistics.add(values[element], results[element], coder.smallestNormal);
  }
  const tensor = { format, shape, blockAxis, scaling, codes, ...scales };
  return { ...tensor, values: results, statistics: statistics.finish(saturated) };
}

/**
 * The values of a quantized tensor, each rounded once to FP32.
 * @throws RoundoffError as `quantize`, or if the scales do not fit the shape.
 */
export function dequantize(tensor: QuantizedTensor): Float32Array {
  const { format, codes, scales } = tensor;
  const groups = groupsOf(codes.length, format, tensor);
  require(scales.length === groups.count, "SHAPE_MISMATCH", () => ({
    what: "the scales do not fit the shape",
    expected: `${groups.count} scales`,
    received: String(scales.length),
  }));
  const coders = codersOf(format, tensor, tensor, groups.count);
  return Float32Array.from(codes, (code, element) => coders[groups.of(element)].decode(code));
}

function groupsOf(elements: number, format: ScaledFormat, layout: TensorLayout): Groups {
  const { scaling, blockAxis } = layout;
  if (format.kind === "block") {
    refuse(`scaling "${scaling?.rule}"`, scaling !== undefined, format);
    return blockGroups(elements, layout, format.block);
  }
  refuse(`a block axis (${blockAxis})`, blockAxis !== undefined, format);
  return sliceGroups(elements, layout);
}

function refuse(option: string, given: boolean, { name, kind }: ScaledFormat): void {
  require(!given, "INVALID_ARGUMENT", () => ({
    what: `${option} does not apply to ${name}`,
    expected: kind === "block" ? "a block axis" : "a scaling with or without an axis",
    received: option,
  }));
}

/** The range of each group in one pass over the elements. */
function rangesOf(values: Float32Array, groups: Groups): GroupRange[] {
  const ranges = Array.from({ length: groups.count }, () => ({ amax: 0, min: 0, max: 0 }));
  for (let element = 0; element < values.length; element++) {
    const range = ranges[groups.of(element)];
    const value = values[element];
    // Math.max and Math.min give NaN once they have seen one.
    range.amax = Math.max(range.amax, Math.abs(value));
    range.min = Math.min(range.min, value);
    range.max = Math.max(range.max, value);
  }
  return ranges;
}

interface Choice {
  readonly rounding: Rounding;
  readonly random?: number;
  readonly randomBits?: number;
}

/** Codes ↔ values under one scale. */
interface Coder {
  encode(value: number, choice: Choice): { readonly code: number; readonly saturated: boolean };
  /** Rounds to FP32 when it is stored. */
  decode(code: number): number;
  /** Below it a value that changes has underflowed. */
  readonly smallestNormal: number;
}

function codersOf(format: ScaledFormat, { scaling }: TensorLayout, scales: Scales, count: number): Coder[] {
  const element = format.kind === "block" ? format.element : format;
  return Array.from({ length: count }, (_, group) => {
    const step = stepOf(format, scaling, scales, group);
    if (Number.isNaN(step)) return NOT_A_NUMBER;
    if (element.kind === "float") return floatCoder(element, step);
    if (isPowerOfTwo(scaling) || scaling?.rule === "symmetric") return integerCoder(element, step);
    return affineCoder(element, step, scales.zeroPoints?.[group] ?? 0);
  });
}

const NOT_A_NUMBER: Coder = {
  encode: () => ({ code: 0, saturated: false }),
  decode: () => NaN,
  smallestNormal: 0,
};

function floatCoder(format: FloatFormat, step: number): Coder {
  return {
    encode(value, { rounding, random, randomBits }) {
      const quotient = quotientOf(value, step);
      const rounded = roundToFormat(quotient, format, rounding, "saturate", random, randomBits);
      const magnitude = Math.abs(quotient);
      const saturated =
        magnitude > format.maxFinite &&
        roundUnbounded(magnitude, value < 0, format, rounding, random, randomBits) > format.maxFinite;
      return { code: encodeFloat(rounded, format), saturated };
    },
    decode: (code) => (decodeFloat(code, format) ?? NaN) * step,
    smallestNormal: minNormal(format) * step,
  };
}

function integerCoder({ bits }: FixedFormat, step: number): Coder {
  const largest = largestInteger(bits);
  return {
    encode(value, choice) {
      const integer = roundSigned(quotientOf(value, step), choice);
      const code = Math.min(Math.max(integer, -largest), largest);
      return { code, saturated: code !== integer };
    },
    // An integer has no −0.
    decode: (code) => (code === 0 ? 0 : code * step),
    smallestNormal: step,
  };
}

function affineCoder({ bits }: FixedFormat, step: number, zeroPoint: number): Coder {
  const largest = powerOfTwo(bits) - 1;
  return {
    encode(value, choice) {
      const shifted = roundSigned(quotientOf(value, step), choice) + zeroPoint;
      const code = Math.min(Math.max(shifted, 0), largest);
      return { code, saturated: code !== shifted };
    },
    decode: (code) => (code === zeroPoint ? 0 : (code - zeroPoint) * step),
    smallestNormal: step,
  };
}

/** In units of the step: exact if the step is a power of two, else one FP64 division (see scales.ts). A zero step holds zeros. */
function quotientOf(value: number, step: number): number {
  return step === 0 ? value * 0 : value / step;
}

function roundSigned(quotient: number, { rounding, random, randomBits }: Choice): number {
  const negative = quotient < 0;
  const magnitude = roundToInteger(Math.abs(quotient), negative, rounding, random, randomBits);
  return negative ? -magnitude : magnitude;
}
