/**
 * How numbers of a study are written, the same in every output: metrics in percent, gaps in points (percentage
 * points), always with two decimals so that columns align. Uses U+2212 for minus.
 */

const MINUS = "−";

/** A fraction as percent without sign: 0.91234 → `91.23`. */
export function percent(fraction: number): string {
  return withMinus((fraction * 100).toFixed(2));
}

/** A difference of fractions in points, with sign: −0.0042 → `−0.42`; what rounds to zero is `0.00`, without sign. */
export function points(difference: number): string {
  const text = (difference * 100).toFixed(2);
  if (Number(text) === 0) return "0.00";
  return difference > 0 ? `+${text}` : withMinus(text);
}

/** A size in points, without sign: the margin 0.01 → `1.00`, a spread of 0.0021 → `0.21`. */
export function sizeInPoints(size: number): string {
  return (size * 100).toFixed(2);
}

/** An interval in points: `[−0.91, +0.07]`; a dash when there is none. */
export function pointsInterval(interval: readonly [low: number, high: number] | null): string {
  return interval === null ? "–" : `[${points(interval[0])}, ${points(interval[1])}]`;
}

/** A p-value: three decimals, and `< 0.001` below. */
export function pValue(p: number | null): string {
  if (p === null) return "–";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** A whole number with commas at the thousands: 60000 → `60,000`. */
export function grouped(value: number): string {
  return withMinus(
    Math.round(value)
      .toString()
      .replace(/\B(?=(\d{3})+$)/g, ","),
  );
}

/** `1 seed`, `3 seeds`. */
export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function enumeration(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}

function withMinus(text: string): string {
  return text.replace("-", MINUS);
}
