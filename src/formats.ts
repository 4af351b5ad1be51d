/**
 * The public entry `roundoff/formats`: number formats as data, the verbs round, encode, decode and quantize, and the bulk
 * kernels for whole arrays. A list of names and nothing else.
 */
export { FORMATS, floatFormat, format, scaledFormat } from "./formats/catalog.ts";
export type { CodedFormat, CodedValue } from "./formats/codes.ts";
export { allValues, decode, encode, MAX_LISTED_BITS } from "./formats/codes.ts";
export type { CustomFloatOptions, Specials } from "./formats/custom-float.ts";
export { customFloat, SPECIALS } from "./formats/custom-float.ts";
export type {
  BlockDescription,
  FixedDescription,
  FloatDescription,
  FormatDescription,
  PositDescription,
} from "./formats/describe.ts";
export { describeFormat } from "./formats/describe.ts";
export { EXPONENT_NOT_A_NUMBER, sharedExponent } from "./formats/dynamic-fixed-point.ts";
export { exponentOf, powerOfTwo } from "./formats/exponents.ts";
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
  ScaledFormat,
  ScaleRule,
  Scaling,
  ScalingRule,
} from "./formats/format.ts";
export {
  emax,
  emin,
  isScaled,
  minNormal,
  minSubnormal,
  OVERFLOWS,
  ROUNDINGS,
  SCALE_RULES,
  SCALING_RULES,
} from "./formats/format.ts";
export { roundToFormat } from "./formats/round.ts";
export type { FloatArray, RandomAt, RoundArrayOptions } from "./formats/round-array.ts";
export { roundArray } from "./formats/round-array.ts";
export type { RoundingStatistics } from "./formats/rounding-statistics.ts";
export type { TensorLayout } from "./formats/scaled/layout.ts";
export type { Quantization, QuantizedTensor, QuantizeOptions } from "./formats/scaled/quantize.ts";
export { dequantize, quantize } from "./formats/scaled/quantize.ts";
export { blockExponent, mxExponent } from "./formats/scaled/scale-rules.ts";
export type { Scales } from "./formats/scaled/scales.ts";
export type {
  BulkKernels,
  BulkKey,
  BulkLayout,
  BulkRequest,
  BulkStatistics,
  EncodedArray,
} from "./kernels/bulk.ts";
export { packCodes, packedBytes, unpackCodes } from "./kernels/packed-codes.ts";
export { createReferenceBulkKernels } from "./kernels/reference/bulk.ts";
export type { SelectOptions } from "./kernels/select.ts";
export { selectBulkKernels } from "./kernels/select.ts";
export type { RoundingKey } from "./random/rounding-bits.ts";
export { roundingCursor } from "./random/rounding-bits.ts";
export { splitSeed } from "./random/streams.ts";
