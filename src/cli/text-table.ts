/** Rows of text as aligned columns, for people who read a terminal. Knows nothing of what the rows mean. */

/** Numbers align to the right, everything else to the left; a line under the head. */
export function textTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => String(row[column] ?? "").length)),
  );
  const line = (row: readonly (string | number)[]) =>
    row
      .map((cell, column) =>
        typeof cell === "number" ? String(cell).padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
