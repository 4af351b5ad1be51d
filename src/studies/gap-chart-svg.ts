/**
 * The picture behind the verdicts: for each recipe the mean gap to the baseline, every seed, and the 90 % interval,
 * over the shaded margin; the baseline's row shows how far its own seeds lie from their mean. SVG text.
 */
import { scale, tickDecimals, ticks } from "./chart-axis.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { points } from "./metric-text.ts";
import type { VerdictRow } from "./summary.ts";

const WIDTH = 860;
const ROW = 31;
const TOP = 24;
const BOTTOM = 40;
const CHARACTER_WIDTH = 6.9;
/** Room at the right for the mean gap in figures. */
const VALUE_WIDTH = 58;
/** Seeds lie below the interval of their row, so that neither hides the other. */
const SEED_DROP = 9;
/** The axis never reaches further than this many margins: beyond, an arrow and the figure say how far. */
const FARTHEST = 4;
const NEAREST = 2;

export interface GapChart {
  readonly description: string;
  readonly baseline: string;
  readonly margin: number;
  /** Rows of one setting, the baseline's among them. */
  readonly rows: readonly VerdictRow[];
}

/** Draws the rows, one line each, in the order given. Returns `undefined` without rows. */
export function gapChart(chart: GapChart): Markup | undefined {
  if (chart.rows.length === 0) return undefined;
  const left = Math.ceil(Math.max(...chart.rows.map((row) => row.recipe.length)) * CHARACTER_WIDTH) + 14;
  const right = WIDTH - VALUE_WIDTH;
  const bottom = TOP + chart.rows.length * ROW;
  const domain = gapDomain(chart);
  const x = scale("linear", domain, [left, right]);
  const place = (gap: number) => Math.min(right, Math.max(left, x.place(gap)));
  return markup`<svg viewBox="0 0 ${WIDTH} ${bottom + BOTTOM}" role="img" aria-label="${chart.description}">
<rect class="margin" x="${fixed(place(-chart.margin))}" width="${fixed(place(chart.margin) - place(-chart.margin))}" y="${TOP}" height="${bottom - TOP}"/>
<text class="axis label" x="${fixed(place(0))}" y="${TOP - 9}" text-anchor="middle">margin ±${points(chart.margin).slice(1)}</text>
${gapAxis(domain, x.place, bottom, right)}
<line class="zero" x1="${fixed(place(0))}" x2="${fixed(place(0))}" y1="${TOP}" y2="${bottom}"/>
${chart.rows.map((row, i) => gapRow(chart, row, TOP + (i + 0.5) * ROW, { place, domain, left, right }))}
</svg>`;
}

interface GapFrame {
  readonly place: (gap: number) => number;
  readonly domain: readonly [low: number, high: number];
  readonly left: number;
  readonly right: number;
}

/** What the circles of a row show: gaps of the seeds; in the baseline's own row their distances from their mean. */
function seedOffsets(row: VerdictRow, baseline: string): readonly number[] {
  return row.recipe === baseline ? row.values.map((value) => value - row.value) : row.gaps;
}

function gapDomain({ rows, margin, baseline }: GapChart): readonly [low: number, high: number] {
  const reach = rows.flatMap((row) => [...seedOffsets(row, baseline), ...(row.ci90 ?? [])]);
  const limit = FARTHEST * margin;
  const low = Math.max(-limit, Math.min(-NEAREST * margin, ...reach));
  const high = Math.min(limit, Math.max(NEAREST * margin, ...reach));
  const room = (high - low) * 0.03;
  return [low - room, high + room];
}

function gapAxis(
  [low, high]: readonly [number, number],
  place: (gap: number) => number,
  bottom: number,
  right: number,
): Markup {
  const values = ticks("linear", [low * 100, high * 100], 7);
  const decimals = tickDecimals(values);
  return markup`<g class="axis">${values.map((value) => {
    const at = fixed(place(value / 100));
    const text = `${value > 0 ? "+" : ""}${value.toFixed(decimals)}`.replace("-", "−");
    return markup`<line class="grid" x1="${at}" x2="${at}" y1="${TOP}" y2="${bottom}"/><text x="${at}" y="${bottom + 16}" text-anchor="middle">${text}</text>`;
  })}<text class="label" x="${right}" y="${bottom + 34}" text-anchor="end">gap to the baseline, points of test accuracy</text></g>`;
}

function gapRow({ baseline }: GapChart, row: VerdictRow, y: number, frame: GapFrame): Markup {
  const own = row.recipe === baseline;
  const offsets = seedOffsets(row, baseline);
  const at = fixed(y);
  const name = markup`<text class="name" x="${frame.left - 12}" y="${at}" dy="0.34em" text-anchor="end">${row.recipe}</text>`;
  const level = own ? y : y + SEED_DROP;
  const seeds = [
    ...offsets
      .filter((gap) => gap >= frame.domain[0] && gap <= frame.domain[1])
      .map(
        (gap) => markup`<circle class="seed" cx="${fixed(frame.place(gap))}" cy="${fixed(level)}" r="3"/>`,
      ),
    seedsBeyond(offsets.filter((gap) => gap < frame.domain[0]).length, frame.left, level, 1),
    seedsBeyond(offsets.filter((gap) => gap > frame.domain[1]).length, frame.right, level, -1),
  ];
  if (own)
    return markup`<g>${name}${seeds}<text class="figure quiet" x="${WIDTH}" y="${at}" dy="0.34em" text-anchor="end">seeds</text></g>`;
  return markup`<g class="verdict-${row.verdict.replace(" ", "-")}">${name}${intervalOf(row, y, frame)}${seeds}${meanOf(row, y, frame)}<text class="figure" x="${WIDTH}" y="${at}" dy="0.34em" text-anchor="end">${points(row.gap)}</text></g>`;
}

/** An open arrow head at the edge for the seeds that lie beyond it, with their number. `inward`: 1 at the left edge, −1 at the right. */
function seedsBeyond(seeds: number, edge: number, y: number, inward: 1 | -1): Markup | null {
  if (seeds === 0) return null;
  return markup`<path class="seed beyond" d="M${edge} ${fixed(y)}l${6 * inward} -3v6z"/><text class="axis beyond" x="${edge + 9 * inward}" y="${fixed(y)}" dy="0.34em" text-anchor="${inward === 1 ? "start" : "end"}">${seeds}</text>`;
}

function intervalOf({ ci90 }: VerdictRow, y: number, { place, domain }: GapFrame): Markup | null {
  if (ci90 === null || ci90[1] < domain[0] || ci90[0] > domain[1]) return null;
  const [from, to] = [place(ci90[0]), place(ci90[1])].map(fixed);
  // An end cap means "the interval ends here"; an interval that leaves the axis has none on that side.
  const cap = (value: number, at: string) =>
    value >= domain[0] && value <= domain[1]
      ? markup`<path class="interval" d="M${at} ${fixed(y - 5)}v10"/>`
      : null;
  return markup`<path class="interval" d="M${from} ${fixed(y)}H${to}"/>${cap(ci90[0], from)}${cap(ci90[1], to)}`;
}

/** A diamond at the mean, or an arrow head at the edge when the mean is off the axis. */
function meanOf({ gap }: VerdictRow, y: number, { place, domain }: GapFrame): Markup {
  const at = fixed(place(gap));
  if (gap < domain[0]) return markup`<path class="mean" d="M${at} ${fixed(y)}l10 -5.5v11z"/>`;
  if (gap > domain[1]) return markup`<path class="mean" d="M${at} ${fixed(y)}l-10 -5.5v11z"/>`;
  return markup`<path class="mean" d="M${at} ${fixed(y - 5)}l5 5l-5 5l-5 -5z"/>`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
