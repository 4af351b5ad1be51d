/** Checks the gap picture: the margin, intervals that leave the axis, means beyond it, and the baseline's own seeds. */
import { describe, expect, it } from "vitest";
import { syntheticRun, syntheticSpec } from "../../test/synthetic-study.ts";
import { gapChart } from "./gap-chart-svg.ts";
import { markupText } from "./markup.ts";
import { summarise } from "./summary.ts";

function draw(accuracies: Readonly<Record<string, readonly number[]>>): string {
  const recipes = Object.keys(accuracies);
  const spec = syntheticSpec({ recipes, seeds: accuracies[recipes[0]].map((_, seed) => seed) });
  const runs = recipes.flatMap((recipe) =>
    accuracies[recipe].map((accuracy, seed) => syntheticRun({ setting: "main", recipe, seed, accuracy })),
  );
  const { rows } = summarise(spec, runs);
  const svg = gapChart({ description: "d", baseline: "fp32", margin: spec.margin, rows });
  return svg === undefined ? "" : markupText(svg);
}

const count = (svg: string, part: string) => svg.split(part).length - 1;

describe("gapChart", () => {
  it("draws every seed, the mean and a capped interval", () => {
    const svg = draw({ fp32: [0.9, 0.904, 0.902], bf16: [0.899, 0.903, 0.903] });
    expect(count(svg, 'class="seed"')).toBe(6);
    expect(count(svg, 'class="mean"')).toBe(1);
    expect(count(svg, 'class="interval"')).toBe(3);
    expect(svg).toContain('<g class="verdict-equivalent">');
    expect(svg).toContain("margin ±1.00");
  });

  it("points to a mean far outside and still writes its figure", () => {
    const svg = draw({ fp32: [0.9, 0.9], fp8: [0.5, 0.52] });
    expect(svg).toContain("−39.00");
    expect(svg).toMatch(/class="mean" d="M[\d.]+ [\d.]+l10 -5\.5v11z"/);
    // Neither its seeds nor its interval reach the axis; how many seeds those are is said.
    expect(count(svg, 'class="seed"')).toBe(2);
    expect(svg).toMatch(/class="seed beyond" d="M[\d.]+ [\d.]+l6 -3v6z".*?text-anchor="start">2</);
    expect(count(svg, 'class="interval"')).toBe(0);
  });

  it("leaves the cap off the side on which an interval leaves the axis", () => {
    const svg = draw({ fp32: [0.9, 0.9], fp8: [0.9, 0.88] });
    expect(count(svg, 'class="interval"')).toBe(1);
  });

  it("leaves room for the baseline's own seeds, and counts those beyond the farthest end", () => {
    const near = draw({ fp32: [0.88, 0.9, 0.92], bf16: [0.88, 0.9, 0.92] });
    expect(count(near, 'class="seed"')).toBe(6);
    const far = draw({ fp32: [0.7, 0.9, 0.92], bf16: [0.7, 0.9, 0.92] });
    expect(count(far, 'class="seed"')).toBe(3);
    expect(far).toMatch(/l6 -3v6z".*?text-anchor="start">1<.*l-6 -3v6z".*?text-anchor="end">2</);
  });

  it("has no interval for one seed, and nothing without rows", () => {
    expect(count(draw({ fp32: [0.9], bf16: [0.9] }), 'class="interval"')).toBe(0);
    expect(gapChart({ description: "d", baseline: "fp32", margin: 0.01, rows: [] })).toBeUndefined();
  });
});
