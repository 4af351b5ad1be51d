/**
 * What a reader wants to know of a format: range, spacing, bit picture. Everything is derived from the record; knows
 * nothing of printing.
 */
import { largestInteger } from "./dynamic-fixed-point.ts";
import type { DynamicFixedFormat, FloatFormat, NumberFormat } from "./format.ts";
import { emax, emin, minNormal, minSubnormal, powerOfTwo } from "./format.ts";

export type FormatDescription = FloatDescription | DynamicFixedDescription;

interface CommonDescription {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bits: number;
  /** One letter per bit, high to low: s sign, e exponent, f fraction (trailing significand), i integer. */
  readonly bitPicture: string;
  readonly source: string;
}

export interface FloatDescription extends CommonDescription {
  readonly kind: "float";
  readonly exponentBits: number;
  /** Significand bits, the hidden one included. */
  readonly precision: number;
  readonly bias: number;
  readonly emin: number;
  readonly emax: number;
  readonly maxFinite: number;
  readonly minNormal: number;
  /** Null if the format has no subnormals. */
  readonly minSubnormal: number | null;
  /** Machine epsilon: the spacing at 1, 2^(1 − precision). */
  readonly epsilon: number;
  readonly hasInfinity: boolean;
  readonly hasNaN: boolean;
  readonly hasNegativeZero: boolean;
  readonly hasSubnormals: boolean;
}

export interface DynamicFixedDescription extends CommonDescription {
  readonly kind: "fixed";
  /** |integer| ≤ maxInteger; value = integer · 2^sharedExponent. */
  readonly maxInteger: number;
  /** floor(log2 amax) − sharedExponent. */
  readonly exponentOffset: number;
}

/** A plain, JSON-ready description of a format. */
export function describeFormat(format: NumberFormat): FormatDescription {
  return format.kind === "float" ? describeFloat(format) : describeDynamicFixed(format);
}

function describeFloat(format: FloatFormat): FloatDescription {
  const { kind, name, aliases, bits, exponentBits, precision, bias, maxFinite } = format;
  const { hasInfinity, hasNaN, hasNegativeZero, hasSubnormals, source } = format;
  return {
    kind,
    name,
    aliases,
    bits,
    exponentBits,
    precision,
    bias,
    emin: emin(format),
    emax: emax(format),
    maxFinite,
    minNormal: minNormal(format),
    minSubnormal: hasSubnormals ? minSubnormal(format) : null,
    epsilon: powerOfTwo(1 - precision),
    hasInfinity,
    hasNaN,
    hasNegativeZero,
    hasSubnormals,
    bitPicture: ["s", "e".repeat(exponentBits), "f".repeat(precision - 1)].filter(Boolean).join(" "),
    source,
  };
}

function describeDynamicFixed(format: DynamicFixedFormat): DynamicFixedDescription {
  const { kind, name, aliases, bits, source } = format;
  return {
    kind,
    name,
    aliases,
    bits,
    maxInteger: largestInteger(bits),
    exponentOffset: bits - 2,
    bitPicture: `s ${"i".repeat(bits - 1)}`,
    source,
  };
}
