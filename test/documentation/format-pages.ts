/**
 * The pages of docs/formats/: one for each format of at most 8 bits, with every value it has, and an index of all formats.
 * Text from the format's record and from `decode`; format-pages.test.ts keeps the files equal to it.
 */
import { allValues } from "../../src/formats/codes.ts";
import type { FloatFormat, NumberFormat } from "../../src/formats/format.ts";
import { emin, minNormal, minSubnormal } from "../../src/formats/format.ts";
import { exactText, hexText, markdownTable } from "./number-text.ts";

const LARGEST_PAGE_BITS = 8;

const NOTE =
  "<!-- Written by test/documentation/format-pages.ts; `npx vitest run test/documentation --update`. -->";

/** The float formats whose values all fit on a page. */
export function formatsWithPage(formats: readonly NumberFormat[]): FloatFormat[] {
  return floatsOf(formats).filter(({ bits }) => bits <= LARGEST_PAGE_BITS);
}

function floatsOf(formats: readonly NumberFormat[]): FloatFormat[] {
  return formats.filter((format) => format.kind === "float");
}

export function formatPage(format: FloatFormat): string {
  const { name, aliases, source } = format;
  const also = aliases.length > 0 ? ` Also called ${aliases.map((alias) => `\`${alias}\``).join(", ")}.` : "";
  return [
    `# ${name}`,
    NOTE,
    `Defined in ${source}.${format.draft === true ? " The definition is a draft and may change." : ""}${also}`,
    `\`\`\`text\n${bitPicture(format)}\n\`\`\``,
    formula(format),
    markdownTable(["property", "value"], properties(format)),
    "## Every code",
    ...valueTables(format),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

/** One letter for each bit, highest first: `S EEEE MMM`. */
export function bitPicture({ bits, exponentBits, precision, hasSign }: FloatFormat): string {
  const fields = [hasSign ? "S" : "", "E".repeat(exponentBits), "M".repeat(precision - 1)];
  return `${fields.filter((field) => field !== "").join(" ")}   ${bits} bits, highest first`;
}

function formula(format: FloatFormat): string {
  const { precision, bias, hasSign, hasZero, hasSubnormals } = format;
  const sign = hasSign ? "(−1)^S · " : "";
  const fraction = precision > 1 ? ` · (1 + M / ${2 ** (precision - 1)})` : "";
  const normal = `value = ${sign}2^(E − ${bias})${fraction}`;
  if (!hasZero) return `${normal}. There is no zero.`;
  if (!hasSubnormals || precision === 1) return `${normal} for E > 0. E = 0 is zero.`;
  const small = `${sign}2^${emin(format)} · M / ${2 ** (precision - 1)}`;
  return `${normal} for E > 0. E = 0 holds zero and the subnormals: value = ${small}.`;
}

function properties(format: FloatFormat): string[][] {
  const yes = (has: boolean): string => (has ? "yes" : "no");
  return [
    ["precision (significand bits with the hidden one)", String(format.precision)],
    ["bias", String(format.bias)],
    ["largest finite value", exactText(format.maxFinite)],
    ["smallest normal value", exactText(minNormal(format))],
    ["smallest subnormal value", subnormalText(format)],
    ["infinities", yes(format.hasInfinity)],
    ["NaN", yes(format.hasNaN)],
    ["negative zero", yes(format.hasNegativeZero)],
  ];
}

function subnormalText(format: FloatFormat): string {
  return format.hasSubnormals && format.precision > 1 ? exactText(minSubnormal(format)) : "none";
}

/** One table for each sign: a row for each exponent field, a column for each trailing significand. */
function valueTables(format: FloatFormat): string[] {
  const values = new Map([...allValues(format)].map(({ code, value }) => [code, exactText(value)]));
  const half = 2 ** (format.bits - (format.hasSign ? 1 : 0));
  const columns = format.precision > 1 ? 2 ** (format.precision - 1) : 8;
  const table = (first: number): string => {
    const rows = Array.from({ length: Math.ceil(half / columns) }, (_, row) => {
      const codes = Array.from(
        { length: Math.min(columns, half) },
        (_, column) => first + row * columns + column,
      );
      return [hexText(codes[0], format.bits), ...codes.map((code) => values.get(code) ?? "–")];
    });
    const header = Array.from({ length: Math.min(columns, half) }, (_, column) => `+${column}`);
    return markdownTable(["code", ...header], rows);
  };
  return format.hasSign ? [table(0), "With the sign bit set:", table(half)] : [table(0)];
}

/** docs/formats/README.md. */
export function indexPage(formats: readonly NumberFormat[]): string {
  const header = [
    "format",
    "bits",
    "E",
    "precision",
    "bias",
    "largest",
    "smallest normal",
    "smallest",
    "∞",
    "NaN",
    "−0",
  ];
  const rows = floatsOf(formats).map((format) => [
    format.bits <= LARGEST_PAGE_BITS ? `[${format.name}](${format.name}.md)` : format.name,
    ...[format.bits, format.exponentBits, format.precision, format.bias].map(String),
    exactText(format.maxFinite),
    exactText(minNormal(format)),
    subnormalText(format),
    ...[format.hasInfinity, format.hasNaN, format.hasNegativeZero].map((has) => (has ? "yes" : "")),
  ]);
  return [
    "# Number formats",
    NOTE,
    "Formats of at most 8 bits have a page with every value. What rounding does is in [numerics.md](../numerics.md).",
    markdownTable(header, rows),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}
