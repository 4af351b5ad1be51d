/**
 * The grammar of names beside the catalogue: any float as `e5m2b16fnuz`, integers as `int12`, block floating point as
 * `bfp8b32` or `bfp8t16x16`. Turns a name into a record; knows no list of names.
 */
import { require } from "../base/errors.ts";
import { blockFloat, hybridBlockFloat } from "./catalog/blocks.ts";
import { INTEGER_BITS, integerFormat } from "./catalog/integers.ts";
import { customFloat, SPECIALS } from "./custom-float.ts";
import type { BlockFormat, FixedFormat, FloatFormat } from "./format.ts";

/** The grammar as it is shown to a user whose name fits nothing. */
export const NAME_PATTERNS = [
  "e{X}m{Y}[b{bias}][ieee|fn|f][uz][ns]",
  "int{N}",
  "bfp{N}[b{size}|t{rows}x{columns}]",
] as const;

const FLOAT = /^e(\d{1,2})m(\d{1,2})(?:b(-?\d{1,3}))?(ieee|fn|f)?(uz)?(ns)?$/;
const INTEGER = /^(?:int|dfp)(\d{1,2})$/;
const BLOCK_FLOAT = /^h?bfp(\d{1,2})(?:b(\d{1,7})|t(\d{1,7})x(\d{1,7}))?$/;

/**
 * The format that a name in lower case describes; undefined if it follows no pattern.
 * @throws RoundoffError INVALID_ARGUMENT if it follows one with numbers that make no format.
 */
export function formatFromName(name: string): FloatFormat | FixedFormat | BlockFormat | undefined {
  return floatFromName(name) ?? integerFromName(name) ?? blockFloatFromName(name);
}

/**
 * `e{X}m{Y}`: X exponent bits, Y trailing significand bits; `b{bias}`; `ieee` (the default), `fn` or `f` as in
 * custom-float.ts; `uz`: no −0; `ns`: no subnormals.
 */
function floatFromName(name: string): FloatFormat | undefined {
  const match = FLOAT.exec(name);
  if (match === null) return undefined;
  const [, exponentBits, trailingBits, bias, specialsName, unsignedZero, noSubnormals] = match;
  return customFloat({
    name,
    exponentBits: Number(exponentBits),
    precision: Number(trailingBits) + 1,
    bias: bias === undefined ? undefined : Number(bias),
    specials: SPECIALS.find((known) => known === specialsName),
    hasNegativeZero: unsignedZero === undefined,
    hasSubnormals: noSubnormals === undefined,
  });
}

function integerFromName(name: string): FixedFormat | undefined {
  const match = INTEGER.exec(name);
  return match === null ? undefined : integerFormat(integerBits(name, match[1]));
}

function blockFloatFromName(name: string): BlockFormat | undefined {
  const match = BLOCK_FLOAT.exec(name);
  if (match === null) return undefined;
  const [, width, size, rows, columns] = match;
  const bits = integerBits(name, width);
  if (size === undefined && rows === undefined) return hybridBlockFloat(bits);
  const block = { rows: Number(rows ?? 1), columns: Number(columns ?? size) };
  require(block.rows >= 1 && block.columns >= 1, "INVALID_ARGUMENT", () => ({
    what: `number format ${name} has an empty block`,
    expected: "a block of at least one row and one column",
    received: `${block.rows} × ${block.columns}`,
  }));
  return blockFloat(name.replace(/^h/, ""), bits, block);
}

function integerBits(name: string, text: string): number {
  const bits = Number(text);
  const { min, max } = INTEGER_BITS;
  require(bits >= min && bits <= max, "INVALID_ARGUMENT", () => ({
    what: `number format ${name} has an integer width out of range`,
    expected: `${min} to ${max} bits, the sign included`,
    received: `${bits} bits`,
  }));
  return bits;
}
