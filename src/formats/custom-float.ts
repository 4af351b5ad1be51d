/**
 * Builds the record of a binary float format from its parameters: how wide, which bias, which special values. The
 * catalogue's entries and the names like `e5m2b16fnuz` are both made here, so one rule decides which codes are numbers.
 * Source: IEEE 754-2019 clause 3.4; the naming of special values is that of ml_dtypes and LLVM's APFloat.
 */
import { require } from "../base/errors.ts";
import { powerOfTwo } from "./exponents.ts";
import type { FloatFormat } from "./format.ts";

/**
 * What the highest codes stand for. `ieee`: the top exponent is Infinity and NaN (if there is no −0, NaN has its code and
 * Infinity needs one only). `fn`: all numbers, but one NaN (all ones, or the code of −0 if there is no −0). `f`: all
 * numbers.
 */
export const SPECIALS = ["ieee", "fn", "f"] as const;
export type Specials = (typeof SPECIALS)[number];

export interface CustomFloatOptions {
  readonly exponentBits: number;
  /** Significand bits, the hidden one included. */
  readonly precision: number;
  /** Default: 2^(exponentBits − 1) − 1. */
  readonly bias?: number;
  /** Default: "ieee". */
  readonly specials?: Specials;
  /** Default: true. */
  readonly hasNegativeZero?: boolean;
  /** Default: true, if the precision leaves room for any. */
  readonly hasSubnormals?: boolean;
  /** Default: the name that `format()` knows this format by, such as `e4m3b11fnuz`. */
  readonly name?: string;
  readonly aliases?: readonly string[];
  readonly draft?: true;
  readonly source?: string;
}

const FP32_MAX = 3.4028234663852886e38;
const FP32_SMALLEST_EXPONENT = -149;

/**
 * A signed float format of any widths.
 * @throws RoundoffError INVALID_ARGUMENT if the widths are out of range, the special values do not fit, or a value of the
 * format would not be an FP32 value.
 */
export function customFloat(options: CustomFloatOptions): FloatFormat {
  requireWidths(options);
  const format = floatRecord(options);
  const smallest = 1 - format.bias - (format.precision - 1);
  const isFp32 = format.maxFinite <= FP32_MAX && smallest >= FP32_SMALLEST_EXPONENT;
  require(isFp32, "INVALID_ARGUMENT", () => ({
    what: `number format ${format.name} has values that FP32 does not have`,
    expected: "a largest value below 2^128 and a spacing of at least 2^-149",
    received: `largest value ${format.maxFinite}, smallest spacing 2^${smallest}`,
    hint: "Choose another bias or fewer bits.",
  }));
  return format;
}

/** As `customFloat`, without the limit to FP32 values: for the catalogue's own wide formats. */
export function floatRecord(options: CustomFloatOptions): FloatFormat {
  const { exponentBits, precision, specials = "ieee", hasNegativeZero = true } = options;
  const bias = options.bias ?? defaultBias(exponentBits);
  const hasSubnormals = (options.hasSubnormals ?? true) && precision > 1;
  const name = options.name ?? floatName(options);
  return {
    kind: "float",
    name,
    aliases: options.aliases ?? [],
    bits: exponentBits + precision,
    exponentBits,
    precision,
    bias,
    maxFinite: largestFinite(
      { exponentBits, precision, bias, specials, hasNegativeZero, hasSubnormals },
      name,
    ),
    hasSign: true,
    hasZero: true,
    hasInfinity: specials === "ieee",
    hasNaN: specials !== "f",
    hasNegativeZero,
    hasSubnormals,
    ...(options.draft && { draft: options.draft }),
    source: options.source ?? "custom",
  };
}

/** `e{X}m{Y}[b{bias}]{ieee|fn|f}[uz][ns]`: read back by format-name.ts. */
function floatName({
  exponentBits,
  precision,
  bias = defaultBias(exponentBits),
  specials = "ieee",
  hasNegativeZero = true,
  hasSubnormals = true,
}: CustomFloatOptions): string {
  const biasPart = bias === defaultBias(exponentBits) ? "" : `b${bias}`;
  const zeroPart = hasNegativeZero ? "" : "uz";
  return `e${exponentBits}m${precision - 1}${biasPart}${specials}${zeroPart}${hasSubnormals ? "" : "ns"}`;
}

function defaultBias(exponentBits: number): number {
  return 2 ** (exponentBits - 1) - 1;
}

type CodeSpace = Required<
  Pick<
    CustomFloatOptions,
    "exponentBits" | "precision" | "bias" | "specials" | "hasNegativeZero" | "hasSubnormals"
  >
>;

/** The value of the highest positive code that is a number. */
function largestFinite(space: CodeSpace, name: string): number {
  const { exponentBits, precision, bias, specials, hasNegativeZero, hasSubnormals } = space;
  const { field, trailing } = lastNumber(space);
  const roomForNaN = specials !== "ieee" || !hasNegativeZero || precision > 1;
  const hasNumbers = field > 0 || (hasSubnormals && trailing > 0);
  require(roomForNaN && hasNumbers, "INVALID_ARGUMENT", () => ({
    what: `number format ${name} has no room for its special values`,
    expected: "at least one code for a number other than 0 beside Infinity and NaN",
    received: `${exponentBits} exponent and ${precision - 1} fraction bits with specials "${specials}"`,
    hint: 'Use specials "fn" (one NaN) or "f" (numbers only).',
  }));
  const hidden = field === 0 ? 0 : powerOfTwo(precision - 1);
  return (hidden + trailing) * powerOfTwo(Math.max(field, 1) - bias - (precision - 1));
}

/** Exponent field and trailing significand of that code, counted down from all ones. */
function lastNumber({ exponentBits, precision, specials, hasNegativeZero }: CodeSpace): {
  readonly field: number;
  readonly trailing: number;
} {
  const top = { field: 2 ** exponentBits - 1, trailing: powerOfTwo(precision - 1) - 1 };
  const nanIsNegativeZero = !hasNegativeZero;
  if (specials === "f" || (specials === "fn" && nanIsNegativeZero)) return top;
  const wholeExponent = specials === "ieee" && !nanIsNegativeZero;
  // One code is given up; at one bit of precision that is an exponent as well.
  if (!wholeExponent && top.trailing > 0) return { ...top, trailing: top.trailing - 1 };
  return { ...top, field: top.field - 1 };
}

function requireWidths({ exponentBits, precision, bias = 0 }: CustomFloatOptions): void {
  const inRange = (value: number, min: number, max: number) =>
    Number.isInteger(value) && value >= min && value <= max;
  const valid = inRange(exponentBits, 1, 8) && inRange(precision, 1, 24) && inRange(bias, -1000, 1000);
  require(valid, "INVALID_ARGUMENT", () => ({
    what: "the widths of a float format are out of range",
    expected: "1 to 8 exponent bits, a precision of 1 to 24 and an integer bias",
    received: `${exponentBits} exponent bits, precision ${precision}, bias ${bias}`,
  }));
}
