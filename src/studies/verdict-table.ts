/**
 * The verdicts as tables: one list of columns for the terminal, Markdown and HTML, so that they cannot disagree.
 * Knows nothing of colours.
 */
import { failureText } from "./findings.ts";
import { percent, points, pointsInterval, pValue, sizeInPoints } from "./metric-text.ts";
import { sampleDeviation } from "./statistics.ts";
import type { VerdictRow } from "./summary.ts";

/** One column of a verdict table. */
export interface VerdictColumn {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: VerdictRow) => string;
}

const dash = (row: VerdictRow, text: string) => (row.rule === "baseline" ? "–" : text);

/** The columns after setting and model, in order. Metrics in percent, gaps and spreads in points. */
export const VERDICT_COLUMNS: readonly VerdictColumn[] = [
  { title: "recipe", align: "left", cell: (row) => row.recipe },
  { title: "accuracy %", align: "right", cell: (row) => percent(row.value) },
  { title: "gap", align: "right", cell: (row) => dash(row, points(row.gap)) },
  { title: "90 % interval", align: "right", cell: (row) => dash(row, pointsInterval(row.ci90)) },
  { title: "TOST p", align: "right", cell: (row) => dash(row, pValue(row.equivalenceP)) },
  { title: "seed spread", align: "right", cell: spreadCell },
  { title: "seeds", align: "right", cell: (row) => String(row.seeds.length) },
  { title: "verdict", align: "left", cell: verdictCell },
  { title: "why", align: "left", cell: reasonCell },
];

/** The recipe's own sample standard deviation over its seeds; in the baseline's row this is `seedSpread`. */
function spreadCell(row: VerdictRow): string {
  const spread = row.rule === "baseline" ? row.seedSpread : sampleDeviation(row.values);
  return spread === null ? "–" : sizeInPoints(spread);
}

/** The verdict; the baseline's row says what it is instead, unless it failed. */
export function verdictCell(row: VerdictRow): string {
  return row.rule === "baseline" && row.verdict === "equivalent" ? "baseline" : row.verdict;
}

/** The rule that applied, what failed, and whether the row is a control. */
export function reasonCell(row: VerdictRow): string {
  const failures = failureText(row);
  if (row.rule === "baseline") return failures;
  const reason = [row.rule, failures].filter((part) => part !== "").join(": ");
  return row.control ? `${reason} (control)` : reason;
}

/**
 * The rows as plain text with aligned columns, one block per setting, for a terminal of about 120 columns.
 * Ends with a newline; no rows give a line that says so.
 */
export function formatVerdictTable(rows: readonly VerdictRow[]): string {
  if (rows.length === 0) return "no finished runs to compare\n";
  const settings = [...new Set(rows.map((row) => row.setting))];
  const table = [VERDICT_COLUMNS.map((column) => column.title), ...rows.map(cellsOf)];
  const widths = VERDICT_COLUMNS.map((_, i) => Math.max(...table.map((cells) => cells[i].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) =>
        VERDICT_COLUMNS[i].align === "right" ? cell.padStart(widths[i]) : cell.padEnd(widths[i]),
      )
      .join("  ")
      .trimEnd();
  const blocks = settings.map((setting) => {
    const own = rows.filter((row) => row.setting === setting);
    const rule = widths.map((width) => "─".repeat(width)).join("  ");
    return [
      `${setting} (${own[0].model})`,
      line(table[0]),
      rule,
      ...own.map((row) => line(cellsOf(row))),
    ].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

function cellsOf(row: VerdictRow): readonly string[] {
  return VERDICT_COLUMNS.map((column) => column.cell(row));
}
