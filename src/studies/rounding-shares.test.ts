/** Shares of what roundings lost, by hand, and the pictures made of them. */
import { describe, expect, it } from "vitest";
import { syntheticRun, syntheticSpec } from "../../test/synthetic-study.ts";
import { classOf, heatMap } from "./heat-map-svg.ts";
import { markupText } from "./markup.ts";
import { flushedTable, overflowSentences, roundingFigures } from "./report-rounding.ts";
import { layerMeans, roundingShares } from "./rounding-shares.ts";
import type { RunResult, StepPoint } from "./run-result.ts";

const overflow = { tensor: "conv1", role: "gradWeight", operation: "conv2dGradWeight" };

/** Two layers, two steps; layer "a" is the later one of the network, so it is met first on the way back. */
function run(seed: number, flushed: readonly (readonly [a: number, b: number])[]): RunResult {
  const steps = flushed.map(([a, b], i): StepPoint => {
    const error = (tensor: string, lost: number) => ({
      tensor,
      role: "error",
      elements: 100,
      flushed: lost,
      beyond: 0,
    });
    return {
      step: 1 + 10 * i,
      loss: 1,
      rounding: [error("a", a), error("b", b)],
      ...(i === 1 && { overflow }),
    };
  });
  return { ...syntheticRun({ setting: "main", recipe: "bf16", seed, accuracy: 0.9 }), steps };
}

const runs = [
  run(0, [
    [0, 40],
    [10, 60],
  ]),
  run(1, [
    [0, 20],
    [30, 80],
  ]),
];

describe("shares of roundings", () => {
  it("are means over seeds, layers from input to output", () => {
    const shares = roundingShares(runs, { recipe: "bf16", role: "error", kind: "flushed" });
    expect(shares).toMatchObject({ layers: ["b", "a"], steps: [1, 11] });
    expect(shares?.shares[0][0]).toBeCloseTo(0.3, 12);
    expect(shares?.shares[0][1]).toBeCloseTo(0.7, 12);
    expect(shares?.shares[1]).toEqual([0, 0.2]);
    expect(layerMeans(shares!)[0]).toBeCloseTo(0.5, 12);
  });

  it("have layers from input to output for what is met on the way forward too", () => {
    const forward = runs.map((one) => ({
      ...one,
      steps: one.steps.map((step) => ({
        ...step,
        rounding: step.rounding?.map((loss) => ({ ...loss, role: "sum.output" })),
      })),
    }));
    const shares = roundingShares(forward, { recipe: "bf16", role: "sum.output", kind: "flushed" });
    expect(shares?.layers).toEqual(["a", "b"]);
  });

  it("are absent where no record has any", () => {
    expect(roundingShares(runs, { recipe: "fp32", role: "error", kind: "flushed" })).toBeUndefined();
    expect(roundingShares(runs, { recipe: "bf16", role: "gradWeight", kind: "flushed" })).toBeUndefined();
  });
});

describe("heat map", () => {
  it("puts shares into classes at their lower ends", () => {
    expect([0, 0.0009, 0.001, 0.05, 0.9, 1].map(classOf)).toEqual([0, 0, 1, 3, 6, 6]);
  });

  it("has one path for each class that occurs, and a cell for each share in it", () => {
    const maps = [roundingShares(runs, { recipe: "bf16", role: "error", kind: "flushed" })!];
    const svg = markupText(heatMap({ description: "d", maps })!);
    // 30 % and 20 % are one class, 70 % another, 0 % has no ink.
    expect(svg.match(/class="h4" d="([^"]*)"/)?.[1].match(/M/g)).toHaveLength(2);
    expect(svg.match(/class="h5" d="([^"]*)"/)?.[1].match(/M/g)).toHaveLength(1);
    expect(svg).not.toContain('class="h1" d=');
    expect(heatMap({ description: "d", maps: [] })).toBeUndefined();
  });
});

describe("roundings in the report", () => {
  const [setting] = syntheticSpec({ recipes: ["fp32", "bf16"] }).settings;

  it("are drawn where something was lost, and said where nothing was", () => {
    const html = markupText(roundingFigures(setting, runs)!);
    expect(html).toContain("<h3>Errors that became zero in rounding</h3>");
    expect(html).toContain("not drawn: errors beyond the largest finite value.");
    expect(roundingFigures(setting, [])).toBeNull();
  });

  it("are a table of layers in Markdown", () => {
    expect(flushedTable(setting, runs)).toEqual({
      head: ["errors flushed, %", "bf16"],
      rows: [
        ["b", "50.0"],
        ["a", "10.0"],
      ],
    });
  });

  it("name the tensors that overflowed", () => {
    expect(overflowSentences(setting, runs)).toEqual([
      "bf16: 2 steps skipped over all seeds; first not finite: conv1 gradWeight (conv2dGradWeight), 2 times.",
    ]);
  });
});
