/** How the generated pages write numbers: always exactly, and short. Knows nothing of formats. */

/** Decimals up to this length are written out. */
const LONGEST_DECIMAL = 8;
/** The decimals of a double are exact as far as this, and longer ones are hard to read. */
const LONGEST_SIGNIFICAND = 12;

/** `448`, `0.0625`, `1.25·2^-14`, `16777215·2^104`, `−0`, `NaN`, `∞`: the exact value of a double. */
export function exactText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value < 0 || Object.is(value, -0)) return `−${exactText(-value)}`;
  if (value === Infinity) return "∞";
  const decimal = String(value);
  return decimal.length <= LONGEST_DECIMAL && !decimal.includes("e") ? decimal : scientific(value);
}

/** significand · 2^exponent with a significand in [1, 2), or an integer one where many decimals would be needed. */
function scientific(value: number): string {
  let [significand, exponent] = [value, 0];
  for (; significand >= 2; exponent++) significand /= 2;
  for (; significand < 1; exponent--) significand *= 2;
  if (String(significand).length > LONGEST_SIGNIFICAND) {
    for (; !Number.isInteger(significand); exponent--) significand *= 2;
  }
  const power = `2^${exponent}`;
  return significand === 1 ? power : `${significand}·${power}`;
}

export function hexText(code: number, bits: number): string {
  return `0x${code
    .toString(16)
    .toUpperCase()
    .padStart(Math.ceil(bits / 4), "0")}`;
}

/** Rows of equal length as a Markdown table, columns aligned; `|` must not occur in a cell. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
