/** Checks what the line chart draws: colours by order, × for divergence, clipping, escaping, and odd inputs. */
import { describe, expect, it } from "vitest";
import type { LineChart } from "./chart-svg.ts";
import { lineChart } from "./chart-svg.ts";
import type { Curve } from "./curves.ts";
import { markupText } from "./markup.ts";

function curve(recipe: string, values: readonly number[], ends: Curve["ends"] = []): Curve {
  const points = values.map((mean, i) => ({ x: i + 1, mean, low: mean * 0.9, high: mean * 1.1 }));
  return { recipe, points, ends };
}

function draw(curves: readonly Curve[], changes: Partial<LineChart> = {}): string {
  const svg = lineChart({
    id: "c",
    description: "d",
    xLabel: "step",
    yLabel: "loss",
    yScale: "linear",
    yFormat: "plain",
    curves,
    order: ["fp32", "bf16", "fp8"],
    ...changes,
  });
  return svg === undefined ? "" : markupText(svg);
}

/** All y coordinates of the label texts, by label. */
function labelHeights(svg: string): ReadonlyMap<string, number> {
  const names = [...svg.matchAll(/<text class="name"[^>]* y="([\d.]+)"[^>]*>([^<]*)</g)];
  return new Map(names.map(([, y, name]) => [name, Number(y)]));
}

describe("lineChart", () => {
  it("gives a recipe the colour of its place in the order, whatever else is drawn", () => {
    const svg = draw([curve("fp8", [2, 1])]);
    expect(svg).toContain('<g class="series s2"><title>fp8</title>');
    expect(svg).not.toContain("series s0");
    expect(draw([curve("fp32", [2, 1])])).toContain("series s0 heavy");
  });

  it("keeps labels of equal curves apart", () => {
    const heights = labelHeights(draw([curve("fp32", [2, 1]), curve("bf16", [2, 1]), curve("fp8", [2, 1])]));
    const sorted = [...heights.values()].sort((a, b) => a - b);
    expect(heights.size).toBe(3);
    expect(Math.min(sorted[1] - sorted[0], sorted[2] - sorted[1])).toBeGreaterThanOrEqual(14.9);
  });

  it("marks every diverged run, and says so in the label", () => {
    const svg = draw([
      curve("fp32", [2, 1]),
      curve(
        "fp8",
        [3],
        [
          { x: 1, y: 3 },
          { x: 1.5, y: 1e30 },
        ],
      ),
    ]);
    expect(svg.match(/class="cross series s2"/g)).toHaveLength(2);
    expect([...labelHeights(svg).keys()]).toContain("fp8 ×");
  });

  it("does not let one exploding curve squeeze the others", () => {
    const flat = draw([curve("fp32", [2, 1]), curve("fp8", [2, 1e12])]);
    const top = Math.max(
      ...[...flat.matchAll(/text-anchor="end">([\d.]+)</g)].map((match) => Number(match[1])),
    );
    expect(top).toBeLessThan(6);
    expect(flat).not.toMatch(/NaN|Infinity/);
  });

  it("writes accuracies in percent, with the last value in the label", () => {
    const svg = draw([curve("fp32", [0.5, 0.9123])], { yFormat: "percent" });
    expect([...labelHeights(svg).keys()]).toEqual(["fp32 91.2"]);
  });

  it("draws a single point, a constant curve and a curve without points", () => {
    for (const curves of [
      [curve("fp32", [0.9])],
      [curve("fp32", [0, 0, 0])],
      [curve("fp32", []), curve("bf16", [1, 2])],
    ]) {
      for (const yFormat of ["plain", "percent"] as const) {
        const svg = draw(curves, { yFormat });
        expect(svg).toContain("<svg");
        expect(svg).not.toMatch(/NaN|Infinity/);
      }
    }
    expect(draw([curve("fp32", [1, 1, 1])], { yScale: "log" })).not.toMatch(/NaN|Infinity/);
    expect(draw([curve("fp32", [])])).toBe("");
  });

  it("names clip paths after the chart, and escapes names", () => {
    const svg = draw([curve("fp32", [2, 1]), curve("<b>", [2, 1])], { order: ["fp32", "<b>"] });
    expect(svg).toContain('id="c-clip"');
    expect(svg).toContain("&lt;b&gt;");
    expect(svg).not.toContain("<b>");
  });
});
