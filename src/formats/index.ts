/**
 * The public entry `roundoff/formats`: number formats as data, and the verbs round, encode, decode. A list of names and
 * nothing else.
 */
export { FORMATS, floatFormat, format } from "./catalog.ts";
export type { CodedValue } from "./codes.ts";
export { allValues, decode, encode, MAX_LISTED_BITS } from "./codes.ts";
export type { DynamicFixedDescription, FloatDescription, FormatDescription } from "./describe.ts";
export { describeFormat } from "./describe.ts";
export type { DynamicFixedTensor } from "./dynamic-fixed-point.ts";
export {
  dequantizeDynamicFixed,
  EXPONENT_NOT_A_NUMBER,
  quantizeDynamicFixed,
  sharedExponent,
} from "./dynamic-fixed-point.ts";
export type { DynamicFixedFormat, FloatFormat, NumberFormat, Overflow, Rounding } from "./format.ts";
export { emax, emin, exponentOf, minNormal, minSubnormal, OVERFLOWS, ROUNDINGS } from "./format.ts";
export { roundToFormat } from "./round.ts";
export type { DynamicFixedRounding, FloatArray, RandomAt } from "./round-array.ts";
export { roundArray, roundArrayDynamicFixed } from "./round-array.ts";
export type { RoundingStatistics } from "./rounding-statistics.ts";
