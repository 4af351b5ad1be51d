/**
 * Tensors under scales: integers per tensor, per axis or affine, block floating point, MX and NVFP4. Chooses the scales,
 * rounds every element once to its code, and measures what that did. The readable truth for the bulk kernels. Knows
 * nothing of memory layouts beyond row-major order.
 */
import { require } from "../../base/errors.ts";
import type { Rounding, ScaledFormat, ScaleRule } from "../format.ts";
import type { RandomAt } from "../round-array.ts";
import { requireRandomBits } from "../round-integer.ts";
import type { RoundingStatistics } from "../rounding-statistics.ts";
import { gatherStatistics } from "../rounding-statistics.ts";
import { codersOf } from "./coders.ts";
import { blockGroups, type Groups, sliceGroups, type TensorLayout } from "./layout.ts";
import { type GroupRange, type Scales, scalesFor } from "./scales.ts";

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
  const coders = codersOf(format, scaling, scales, groups.count);
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
  const coders = codersOf(format, tensor.scaling, tensor, groups.count);
  return Float32Array.from(codes, (code, element) => coders[groups.of(element)].decode(code));
}

/** Which elements share a scale. @throws RoundoffError for a shape, an axis or a choice that does not fit the format. */
export function groupsOf(elements: number, format: ScaledFormat, layout: TensorLayout): Groups {
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
