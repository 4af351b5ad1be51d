/**
 * A heat map as SVG text: layers × steps, one small map for each recipe over shared rows, the shade saying which share of a
 * tensor's elements a rounding lost. Shades are classes, not a continuous scale, so that a reader can name what is seen.
 */
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import type { RoundingShares } from "./rounding-shares.ts";

/** Lower ends of the classes, and how they are called; the first is "nothing to speak of" and has no shade. */
const CLASSES = [
  { from: 0, text: "below 0.1 %" },
  { from: 0.001, text: "0.1 – 1 %" },
  { from: 0.01, text: "1 – 5 %" },
  { from: 0.05, text: "5 – 20 %" },
  { from: 0.2, text: "20 – 50 %" },
  { from: 0.5, text: "50 – 90 %" },
  { from: 0.9, text: "above 90 %" },
] as const;

const ROW = 12;
const TOP = 30;
const LEGEND = 34;
const GAP = 14;
const CHARACTER_WIDTH = 6.4;
/** Maps share what is left of this beside the names; those for which there is no room begin another line. */
const WIDTH = 1100;
const WIDEST_CELL = 26;
const NARROWEST_MAP = 70;

export interface HeatMap {
  readonly description: string;
  /** All over the same layers; the first gives their order. */
  readonly maps: readonly RoundingShares[];
}

/** Draws the maps beside each other, in as many lines as they need. Returns undefined without any. */
export function heatMap({ description, maps }: HeatMap): Markup | undefined {
  if (maps.length === 0) return undefined;
  const layers = layersOf(maps);
  const left = Math.ceil(Math.max(...layers.map((layer) => layer.length)) * CHARACTER_WIDTH) + 10;
  const widestName = Math.max(...maps.map(({ recipe }) => recipe.length * 7));
  const fitting = Math.floor((WIDTH - left) / (Math.max(NARROWEST_MAP, widestName) + GAP));
  const perLine = Math.min(maps.length, Math.max(1, fitting));
  const columns = Math.max(...maps.map(({ steps }) => steps.length));
  const cell = Math.min(WIDEST_CELL, Math.max((WIDTH - left) / perLine - GAP, NARROWEST_MAP) / columns);
  const pitch = Math.max(cell * columns, widestName) + GAP;
  const bottom = TOP + layers.length * ROW;
  const width = Math.ceil(Math.max(left + pitch * perLine, 7 * 130));
  const lines = Array.from({ length: Math.ceil(maps.length / perLine) }, (_, line) =>
    maps.slice(line * perLine, (line + 1) * perLine),
  );
  const lineHeight = bottom + 18;
  const height = lines.length * lineHeight + LEGEND;
  const names = layers.map(
    (layer, i) =>
      markup`<text x="${left - 8}" y="${TOP + (i + 0.5) * ROW}" dy="0.34em" text-anchor="end">${layer === "" ? "loss" : layer}</text>`,
  );
  return markup`<svg class="heat" style="max-width:${width}px" viewBox="0 0 ${width} ${height}" role="img" aria-label="${description}">
${lines.map(
  (line, i) => markup`<g transform="translate(0 ${i * lineHeight})"><g class="axis">${names}</g>
${line.map((map, place) => oneMap(map, layers, { x: left + place * pitch, cell, bottom }))}</g>
`,
)}${legend(left, height - 10)}
</svg>`;
}

/** The layers of all maps: those of the first, then what only others have. */
function layersOf(maps: readonly RoundingShares[]): readonly string[] {
  return [...new Set(maps.flatMap(({ layers }) => layers))];
}

interface MapFrame {
  readonly x: number;
  readonly cell: number;
  readonly bottom: number;
}

function oneMap(map: RoundingShares, layers: readonly string[], { x, cell, bottom }: MapFrame): Markup {
  const { recipe, steps } = map;
  const width = cell * steps.length;
  const [first, last] = [steps[0], steps[steps.length - 1]];
  return markup`<g><text class="name" x="${fixed(x)}" y="${TOP - 9}">${recipe}</text>
<rect class="frame" x="${fixed(x)}" y="${TOP}" width="${fixed(width)}" height="${bottom - TOP}"/>
${CLASSES.slice(1).map((_, i) => cellsOf(map, layers, i + 1, { x, cell, bottom }))}
<g class="axis"><text x="${fixed(x)}" y="${bottom + 14}">step ${first}</text>${last !== first && markup`<text x="${fixed(x + width)}" y="${bottom + 14}" text-anchor="end">${last}</text>`}</g></g>`;
}

/** All cells of one class as one path: a map has many cells, and few classes. */
function cellsOf(
  { layers: own, shares }: RoundingShares,
  layers: readonly string[],
  level: number,
  { x, cell }: MapFrame,
): Markup | null {
  const path = layers.flatMap((layer, row) =>
    (shares[own.indexOf(layer)] ?? []).flatMap((share, column) =>
      share !== undefined && classOf(share) === level
        ? [`M${fixed(x + column * cell)} ${TOP + row * ROW}h${fixed(cell)}v${ROW}h-${fixed(cell)}z`]
        : [],
    ),
  );
  return path.length === 0 ? null : markup`<path class="h${level}" d="${path.join("")}"/>`;
}

/** Index into the classes. */
export function classOf(share: number): number {
  return CLASSES.findLastIndex(({ from }) => share >= from);
}

function legend(left: number, y: number): Markup {
  return markup`<g class="axis">${CLASSES.map(({ text }, i) => {
    const x = left + i * 112;
    return markup`<rect class="frame h${i}" x="${x}" y="${y - 9}" width="12" height="11"/><text x="${x + 17}" y="${y}">${text}</text>`;
  })}</g>`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
