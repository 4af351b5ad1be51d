/**
 * What a reader wants to know of a format: range, spacing, bit picture. Everything is derived from the record; knows
 * nothing of printing. The JSON of `roundoff format` is this, so a posit is a "float" of the family "posit" here.
 */
import { largestInteger } from "./dynamic-fixed-point.ts";
import { powerOfTwo } from "./exponents.ts";
import type {
  BlockFormat,
  BlockSize,
  FixedFormat,
  FloatFormat,
  NumberFormat,
  PositFormat,
} from "./format.ts";
import { emax, emin, minNormal, minSubnormal } from "./format.ts";

export type FormatDescription = FloatDescription | PositDescription | FixedDescription | BlockDescription;

interface CommonDescription {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly bits: number;
  /**
   * One letter per bit, high to low: s sign, e exponent, f fraction (trailing significand), i integer; of a posit's
   * regime (r), exponent and fraction the picture shows one length, that of the values around 1.
   */
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
  readonly hasSign: boolean;
  readonly hasZero: boolean;
  readonly hasInfinity: boolean;
  readonly hasNaN: boolean;
  readonly hasNegativeZero: boolean;
  readonly hasSubnormals: boolean;
  readonly draft: boolean;
}

export interface PositDescription extends CommonDescription {
  readonly kind: "float";
  readonly family: "posit";
  readonly exponentBits: number;
  /** maxpos and minpos of the standard. */
  readonly maxFinite: number;
  readonly minPositive: number;
  /** The spacing above 1. */
  readonly epsilon: number;
  readonly hasInfinity: false;
  readonly hasNaN: true;
  readonly hasNegativeZero: false;
}

export interface FixedDescription extends CommonDescription {
  readonly kind: "fixed";
  /** |integer| ≤ maxInteger; value = integer · 2^sharedExponent. */
  readonly maxInteger: number;
  /** floor(log2 amax) − sharedExponent. */
  readonly exponentOffset: number;
}

export interface BlockDescription extends CommonDescription {
  readonly kind: "block";
  /** The name of the elements' format. */
  readonly element: string;
  /** `e8m0`, `sharedExponent`, or the name of the format of the lower level of two. */
  readonly scale: string;
  /** Levels of scales: 2 with one more number per tensor. */
  readonly scaleLevels: 1 | 2;
  readonly block: BlockSize;
  /** Storage per element in a whole block, scales of 8 bits included. */
  readonly bitsPerElement: number;
}

/** A plain, JSON-ready description of a format. */
export function describeFormat(format: NumberFormat): FormatDescription {
  switch (format.kind) {
    case "float":
      return describeFloat(format);
    case "posit":
      return describePosit(format);
    case "fixed":
      return describeFixed(format);
    case "block":
      return describeBlock(format);
  }
}

function describeFloat(format: FloatFormat): FloatDescription {
  const { kind, name, aliases, bits, exponentBits, precision, bias, maxFinite } = format;
  const { hasSign, hasZero, hasInfinity, hasNaN, hasNegativeZero, hasSubnormals, source } = format;
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
    hasSign,
    hasZero,
    hasInfinity,
    hasNaN,
    hasNegativeZero,
    hasSubnormals,
    draft: format.draft ?? false,
    bitPicture: floatPicture(format),
    source,
  };
}

function floatPicture({ hasSign, exponentBits, precision }: FloatFormat): string {
  return [hasSign ? "s" : "", "e".repeat(exponentBits), "f".repeat(precision - 1)].filter(Boolean).join(" ");
}

function describePosit({ name, aliases, bits, exponentBits, source }: PositFormat): PositDescription {
  const largestRegime = bits - 2;
  // Around 1: a sign, two bits of regime, the exponent; the rest is fraction.
  const fractionBits = bits - 3 - exponentBits;
  return {
    kind: "float",
    family: "posit",
    name,
    aliases,
    bits,
    exponentBits,
    maxFinite: powerOfTwo(largestRegime * 2 ** exponentBits),
    minPositive: powerOfTwo(-largestRegime * 2 ** exponentBits),
    epsilon: powerOfTwo(-fractionBits),
    hasInfinity: false,
    hasNaN: true,
    hasNegativeZero: false,
    bitPicture: `s rr ${"e".repeat(exponentBits)} ${"f".repeat(fractionBits)}`,
    source,
  };
}

function describeFixed({ kind, name, aliases, bits, source }: FixedFormat): FixedDescription {
  return {
    kind,
    name,
    aliases,
    bits,
    maxInteger: largestInteger(bits),
    exponentOffset: bits - 2,
    bitPicture: integerPicture(bits),
    source,
  };
}

function integerPicture(bits: number): string {
  return `s ${"i".repeat(bits - 1)}`;
}

function describeBlock({ element, scale, block, ...format }: BlockFormat): BlockDescription {
  const { kind, name, aliases, bits, source } = format;
  const scaleBits = 8 / (block.rows * block.columns);
  return {
    kind,
    name,
    aliases,
    bits,
    element: element.name,
    scale: scale.kind === "twoLevel" ? scale.format.name : scale.kind,
    scaleLevels: scale.kind === "twoLevel" ? 2 : 1,
    block,
    bitsPerElement: bits + scaleBits,
    bitPicture: element.kind === "float" ? floatPicture(element) : integerPicture(element.bits),
    source,
  };
}
