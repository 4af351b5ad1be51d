/**
 * Scales and ticks of charts: where a value lies in pixels and which round values get a label. Knows nothing of SVG.
 * (Logarithms here place ink, they never touch a number that is computed with.)
 */

export type ScaleKind = "linear" | "log";

/** Maps data values in `domain` to pixels in `range` (either may run backwards). */
export interface Scale {
  readonly kind: ScaleKind;
  readonly domain: readonly [low: number, high: number];
  readonly place: (value: number) => number;
}

/** A scale over `domain`; both ends differ, and are positive if `kind` is log. Values outside go outside. */
export function scale(
  kind: ScaleKind,
  domain: readonly [low: number, high: number],
  range: readonly [from: number, to: number],
): Scale {
  const warp = kind === "log" ? Math.log10 : (value: number) => value;
  const [low, high] = [warp(domain[0]), warp(domain[1])];
  const place = (value: number) => range[0] + ((warp(value) - low) / (high - low)) * (range[1] - range[0]);
  return { kind, domain, place };
}

/** Round values inside the domain, about `wanted` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks(
  kind: ScaleKind,
  [low, high]: readonly [low: number, high: number],
  wanted: number,
): number[] {
  if (kind === "log") {
    const round = logTicks(low, high);
    // Much less than a decade: 1, 2, 5 are too far apart, evenly spaced values are not.
    if (round.length >= 3) return round.length > 2 * wanted ? round.filter(isPowerOfTen) : round;
  }
  const step = tickStep(high - low, wanted);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiples of the step, never sums of it, and rid of binary dust: 0.30000000000000004 → 0.3.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** The distance between ticks: the 1-2-5 value nearest above `span / wanted`. */
export function tickStep(span: number, wanted: number): number {
  const rough = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** The smallest domain with tick-aligned ends that holds both values; equal values get room around them. */
export function niceDomain(low: number, high: number, wanted: number): readonly [low: number, high: number] {
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.05;
    return niceDomain(low - room, high + room, wanted);
  }
  const step = tickStep(high - low, wanted);
  const align = (value: number, round: (x: number) => number) =>
    Number((round(value / step) * step).toPrecision(12));
  return [align(low + step * 1e-9, Math.floor), align(high - step * 1e-9, Math.ceil)];
}

/** Enough decimals to tell neighbouring ticks apart. */
export function tickDecimals(values: readonly number[]): number {
  const decimals = (value: number) => (Number(value.toPrecision(10)).toString().split(".")[1] ?? "").length;
  return Math.min(6, Math.max(0, ...values.map(decimals)));
}

function logTicks(low: number, high: number): number[] {
  const values: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    for (const factor of [1, 2, 5]) {
      const value = Number(`${factor}e${exponent}`);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) values.push(value);
    }
  }
  return values;
}

function isPowerOfTen(value: number): boolean {
  return /^1(e|0*$)|^0\.0*1$/.test(String(value));
}
