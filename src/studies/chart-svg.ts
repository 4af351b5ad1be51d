/**
 * A line chart as SVG text: all recipes over each other, each with its mean line, a band over its seeds, a label at
 * its end, and × where a run diverged. Colours are CSS variables (`--s0`…), so one file serves light and dark pages.
 * Knows nothing of studies beyond curves.ts.
 */
import type { Scale, ScaleKind } from "./chart-axis.ts";
import { niceDomain, scale, tickDecimals, ticks } from "./chart-axis.ts";
import { spreadLabels } from "./chart-labels.ts";
import type { Curve } from "./curves.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { grouped } from "./metric-text.ts";

export interface LineChart {
  /** Unique in the page; clip paths are named after it. */
  readonly id: string;
  /** What the picture shows, in one sentence, for readers who cannot see it. */
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yScale: ScaleKind;
  /** `percent` writes ticks and end labels of fractions in percent. */
  readonly yFormat: "plain" | "percent";
  readonly curves: readonly Curve[];
  /** All recipes of the page: a recipe's place here gives its colour and dash, the same in every chart. The first is
   * the baseline and is drawn heavier. */
  readonly order: readonly string[];
}

const WIDTH = 620;
const HEIGHT = 320;
const TOP = 26;
const BOTTOM = 40;
const LEFT = 46;
const LABEL_HEIGHT = 15;
/** Room for the leader and the line sample before a label's text. */
const LABEL_INDENT = 44;
/** Generous widths of a character at the chart's font size, so that labels fit in any system font. */
const CHARACTER_WIDTH = 7;
const BOLD_CHARACTER_WIDTH = 7.8;
/** Dots and thick lines on the edge of the frame reach a little over it. */
const BLEED = 4;
const COLOURS = 8;
/** Dashes tell coinciding lines apart, and colours apart for those who cannot; baseline and first recipe are solid. */
const DASHES = ["", "", "7 3", "2 3", "9 3 2 3", "5 5", "12 4", "1 4"] as const;
/** Losses beyond this many times the baseline's largest are cut off at the top edge. */
export const HEADROOM = 1.6;

interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly right: number;
  readonly bottom: number;
}

/** Draws the chart; curves without any point are only named. Returns `undefined` if no curve has a point. */
export function lineChart(chart: LineChart): Markup | undefined {
  if (chart.curves.every((curve) => curve.points.length === 0)) return undefined;
  const labelWidths = chart.curves.map(
    (curve) =>
      labelText(chart, curve).length *
      (curve.recipe === chart.order[0] ? BOLD_CHARACTER_WIDTH : CHARACTER_WIDTH),
  );
  const right = Math.round(WIDTH - LABEL_INDENT - Math.max(...labelWidths));
  const frame: Frame = {
    right,
    bottom: HEIGHT - BOTTOM,
    x: scale("linear", xDomain(chart), [LEFT, right]),
    y: scale(chart.yScale, yDomain(chart), [HEIGHT - BOTTOM, TOP]),
  };
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${chart.description}">
<clipPath id="${chart.id}-clip"><rect x="${LEFT - BLEED}" y="${TOP - BLEED}" width="${right - LEFT + 2 * BLEED}" height="${frame.bottom - TOP + 2 * BLEED}"/></clipPath>
${axes(chart, frame)}
<g clip-path="url(#${chart.id}-clip)">${chart.curves.map((curve) => bandOf(curve, chart.order.indexOf(curve.recipe), frame))}</g>
<g clip-path="url(#${chart.id}-clip)">${chart.curves.map((curve) => lineOf(curve, chart.order.indexOf(curve.recipe), frame))}</g>
${chart.curves.map((curve) => marksOf(curve, chart.order.indexOf(curve.recipe), frame))}
${endLabels(chart, frame)}
</svg>`;
}

function xDomain(chart: LineChart): readonly [number, number] {
  const xs = chart.curves.flatMap((curve) => [...curve.points, ...curve.ends].map((point) => point.x));
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  if (chart.yFormat === "plain") return [0, high];
  return low === high ? [low - 1, high] : [low, high];
}

function yDomain({ curves, order, yScale, yFormat }: LineChart): readonly [number, number] {
  const reach = (of: readonly Curve[]) => [
    Math.min(...of.flatMap((curve) => curve.points.map((point) => point.low))),
    Math.max(...of.flatMap((curve) => curve.points.map((point) => point.high))),
  ];
  const [low, highest] = reach(curves);
  const baseline = curves.filter((curve) => curve.recipe === order[0] && curve.points.length > 0);
  const reference = baseline.length > 0 ? reach(baseline)[1] : highest;
  const high = yFormat === "percent" ? highest : Math.min(highest, reference * HEADROOM);
  if (yScale === "log") return [low * 0.92, Math.max(high, low * 1.01) * 1.08];
  return niceDomain(yFormat === "plain" ? Math.min(0, low) : low, Math.max(high, low), 5);
}

function axes(chart: LineChart, { x, y, right, bottom }: Frame): Markup {
  const yTicks = ticks(y.kind, y.domain, 5);
  const shown = chart.yFormat === "percent" ? yTicks.map((value) => value * 100) : yTicks;
  const decimals = tickDecimals(shown);
  const yText = (i: number) => (y.kind === "log" ? String(yTicks[i]) : shown[i].toFixed(decimals));
  const xTicks = ticks("linear", x.domain, 6).filter(
    (value) => Number.isInteger(value) && (value > 0 || chart.yFormat === "plain"),
  );
  return markup`<g class="axis">
${yTicks.map((value, i) => {
  const at = fixed(y.place(value));
  return markup`<line class="grid" x1="${LEFT}" x2="${right}" y1="${at}" y2="${at}"/><text x="${LEFT - 7}" y="${at}" dy="0.34em" text-anchor="end">${yText(i)}</text>`;
})}
<line class="base" x1="${LEFT}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
${xTicks.map((value) => {
  const at = fixed(x.place(value));
  return markup`<line class="base" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}"/><text x="${at}" y="${bottom + 17}" text-anchor="middle">${grouped(value)}</text>`;
})}
<text class="label" x="0" y="11">${chart.yLabel}${chart.yScale === "log" ? " (log scale)" : ""}</text>
<text class="label" x="${right}" y="${HEIGHT - 5}" text-anchor="end">${chart.xLabel}</text>
</g>`;
}

function bandOf({ points }: Curve, index: number, { x, y }: Frame): Markup | null {
  if (points.length < 2 || points.every((point) => point.low === point.high)) return null;
  const upper = points.map((point) => `${fixed(x.place(point.x))},${fixed(y.place(point.high))}`);
  const lower = points.map((point) => `${fixed(x.place(point.x))},${fixed(y.place(point.low))}`).reverse();
  return markup`<polygon class="band ${seriesClass(index)}" points="${[...upper, ...lower].join(" ")}"/>`;
}

function lineOf({ recipe, points }: Curve, index: number, { x, y }: Frame): Markup | null {
  if (points.length === 0) return null;
  const path = points.map((point) => `${fixed(x.place(point.x))},${fixed(y.place(point.mean))}`).join(" ");
  // Few points are shown as points too: a line alone would suggest that more was measured.
  const dots = points.length <= 12 ? points : [];
  return markup`<g class="${seriesClass(index)}"><title>${recipe}</title><polyline class="line" stroke-dasharray="${dashOf(index)}" points="${path}"/>${dots.map(
    (point) =>
      markup`<circle class="dot" cx="${fixed(x.place(point.x))}" cy="${fixed(y.place(point.mean))}" r="2.6"/>`,
  )}</g>`;
}

/** A × for every diverged run, kept inside the frame where the curve left it. */
function marksOf({ recipe, ends }: Curve, index: number, { x, y, bottom }: Frame): readonly Markup[] {
  return ends.map((end) => {
    const [cx, cy] = [x.place(end.x), Math.min(bottom, Math.max(TOP, y.place(end.y)))];
    return markup`<path class="cross ${seriesClass(index)}" d="M${fixed(cx - 4.5)} ${fixed(cy - 4.5)}l9 9m0 -9l-9 9"><title>${recipe} diverged</title></path>`;
  });
}

function endLabels(chart: LineChart, { x, y, right, bottom }: Frame): readonly Markup[] {
  const wanted = chart.curves.map((curve) => {
    const last = curve.points.at(-1);
    return last === undefined ? bottom : Math.min(bottom, Math.max(TOP, y.place(last.mean)));
  });
  const placed = spreadLabels(wanted, LABEL_HEIGHT, [TOP + 4, bottom - 4]);
  return chart.curves.map((curve, i) => {
    const last = curve.points.at(-1);
    const at = placed[i];
    const index = chart.order.indexOf(curve.recipe);
    const from = right + 18;
    // A curve that ended early has no leader: it would cross the others. Its × and its line sample name it.
    const leads = last !== undefined && right - x.place(last.x) < 12;
    const leader = leads
      ? markup`<path class="leader" d="M${fixed(x.place(last.x) + 4)} ${fixed(wanted[i])}L${from - 2} ${fixed(at)}"/>`
      : null;
    return markup`<g class="${seriesClass(index)}">${leader}<line class="line" stroke-dasharray="${dashOf(index)}" x1="${from}" x2="${from + 20}" y1="${fixed(at)}" y2="${fixed(at)}"/><text class="name" x="${from + 24}" y="${fixed(at)}" dy="0.34em">${labelText(chart, curve)}</text></g>`;
  });
}

function labelText({ yFormat }: LineChart, { recipe, points, ends }: Curve): string {
  const last = points.at(-1);
  const value = yFormat === "percent" && last !== undefined ? ` ${(last.mean * 100).toFixed(1)}` : "";
  return `${recipe}${value}${ends.length > 0 ? " ×" : ""}`;
}

function seriesClass(index: number): string {
  return index === 0 ? "series s0 heavy" : `series s${1 + ((index - 1) % (COLOURS - 1))}`;
}

function dashOf(index: number): string {
  return index === 0 ? "" : DASHES[1 + ((index - 1) % (DASHES.length - 1))];
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
