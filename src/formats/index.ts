/**
 * The public entry `roundoff/formats`: number formats as data, and the verbs round, encode, decode. A list of names and
 * nothing else.
 */
export { FORMATS, floatFormat, format } from "./catalog.ts";
export type { CodedFormat, CodedValue } from "./codes.ts";
export { allValues, decode, encode, MAX_LISTED_BITS } from "./codes.ts";
export type { CustomFloatOptions, Specials } from "./custom-float.ts";
export { customFloat, SPECIALS } from "./custom-float.ts";
export type {
  BlockDescription,
  FixedDescription,
  FloatDescription,
  FormatDescription,
  PositDescription,
} from "./describe.ts";
export { describeFormat } from "./describe.ts";
export { EXPONENT_NOT_A_NUMBER, sharedExponent } from "./dynamic-fixed-point.ts";
export { exponentOf, powerOfTwo } from "./exponents.ts";
export type {
  BlockFormat,
  BlockScale,
  BlockSize,
  FixedFormat,
  FloatFormat,
  NumberFormat,
  Overflow,
  PositFormat,
  Rounding,
  ScaleRule,
  Scaling,
  ScalingRule,
} from "./format.ts";
export {
  emax,
  emin,
  minNormal,
  minSubnormal,
  OVERFLOWS,
  ROUNDINGS,
  SCALE_RULES,
  SCALING_RULES,
} from "./format.ts";
export { roundToFormat } from "./round.ts";
export type { FloatArray, RandomAt, RoundArrayOptions } from "./round-array.ts";
export { roundArray } from "./round-array.ts";
export type { RoundingStatistics } from "./rounding-statistics.ts";
export type { TensorLayout } from "./scaled/layout.ts";
export type { Quantization, QuantizedTensor, QuantizeOptions } from "./scaled/quantize.ts";
export { dequantize, quantize } from "./scaled/quantize.ts";
export { blockExponent, mxExponent } from "./scaled/scale-rules.ts";
export type { ScaledFormat, Scales } from "./scaled/scales.ts";
