/** `roundoff format list|show`: the catalogue of number formats, and everything about one of them. */
import type { Command } from "commander";
import { FORMATS, format as findFormat } from "../../formats/catalog.ts";
import { allValues, MAX_LISTED_BITS } from "../../formats/codes.ts";
import { describeFormat, type FormatDescription } from "../../formats/describe.ts";
import type { NumberFormat } from "../../formats/format.ts";
import { elementUnit } from "../../formats/scaled/scales.ts";
import { type CliContext, printResult } from "../context.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, type JsonOption } from "./declare.ts";

/** Text output lists values up to this width; JSON goes on to MAX_LISTED_BITS. */
const PRINTED_BITS = 8;

export function registerFormat(program: Command, context: CliContext): void {
  const group = program.command("format").description("number formats: the catalogue and its entries");
  declareCommand(group, "list", "every number format").action(({ json = false }: JsonOption) => {
    const rows = FORMATS.map(describeFormat);
    printResult(context, json, rows, () => catalogueText(rows));
  });
  declareCommand(group, "show <name>", "bit picture, range, special values; all values up to 16 bits").action(
    (name: string, { json = false }: JsonOption) => {
      const format = findFormat(name);
      const description = describeFormat(format);
      const values = codedValues(format);
      printResult(context, json, { ...description, values }, () => formatText(description, values));
    },
  );
}

interface PrintedValue {
  readonly code: number;
  /** A number, or "NaN", "Infinity", "-Infinity", "-0", which JSON numbers cannot say. */
  readonly value: number | string;
}

/** Undefined for formats too wide to list. Where there are scales, the values are those under a scale of 1. */
function codedValues(format: NumberFormat): readonly PrintedValue[] | undefined {
  const coded = format.kind === "block" ? format.element : format;
  if (coded.bits > MAX_LISTED_BITS) return undefined;
  const unit = format.kind === "block" ? elementUnit(format) : 1;
  return [...allValues(coded)].map(({ code, value }) => ({ code, value: printedValue(value * unit) }));
}

function printedValue(value: number): number | string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}

function catalogueText(rows: readonly FormatDescription[]): string {
  return textTable(
    ["name", "kind", "bits", "layout", "largest", "also called"],
    rows.map((row) => [
      row.name,
      row.kind,
      row.bits,
      row.bitPicture,
      largestText(row),
      row.aliases.join(", "),
    ]),
  );
}

function factText(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" && value !== null ? Object.values(value).join(" × ") : String(value);
}

function largestText(row: FormatDescription): string {
  if (row.kind === "float") return row.maxFinite.toPrecision(6);
  return row.kind === "fixed" ? `${row.maxInteger} · 2^E` : `${row.element} × ${row.scale}`;
}

function formatText(description: FormatDescription, values: readonly PrintedValue[] | undefined): string {
  const facts = Object.entries(description).map(([key, value]) => [key, factText(value)]);
  const table = textTable(["format", description.name], facts);
  if (values === undefined) return table;
  if (description.bits > PRINTED_BITS) return `${table}\n\nAll ${values.length} values: add --json.`;
  const digits = Math.ceil(description.bits / 4);
  const rows = values.map(({ code, value }) => [
    `0x${code.toString(16).padStart(digits, "0")}`,
    String(value),
  ]);
  return `${table}\n\n${textTable(["code", "value"], rows)}`;
}
