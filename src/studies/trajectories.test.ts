/** Distances between loss curves, by hand. */
import { describe, expect, it } from "vitest";
import { syntheticRun, syntheticSpec } from "../../test/synthetic-study.ts";
import type { RunResult } from "./run-result.ts";
import { trajectoryCurves, trajectoryRows } from "./trajectories.ts";
import { TRAJECTORY_COLUMNS, trajectoryCaption } from "./trajectory-table.ts";

const spec = syntheticSpec({
  recipes: ["fp32", "reordered", "bf16", "fp8"],
  variants: { reordered: { recipe: "fp32", batchOrder: "reversed" } },
  trajectory: { control: "reordered", factor: 1.5 },
});

/** Four steps whose distance from the baseline is 0 at first, then doubles to `distance`. */
function run(recipe: string, seed: number, distance: number): RunResult {
  const steps = [0, 0.25, 0.5, 1].map((part, i) => ({ step: i + 1, loss: 2 - i / 4 + part * distance }));
  return { ...syntheticRun({ setting: "main", recipe, seed, accuracy: 0.9 }), steps };
}

const runs = [0, 1, 2].flatMap((seed) => [
  run("fp32", seed, 0),
  run("reordered", seed, 0.036),
  run("bf16", seed, seed === 1 ? -0.0396 : 0.036),
  run("fp8", seed, 0.2 + 0.01 * seed),
]);

describe("trajectories", () => {
  const rows = trajectoryRows(spec, spec.settings[0].recipes, runs);

  it("are measured against the control, in size, over the second half", () => {
    expect(rows.map(({ recipe, verdict }) => [recipe, verdict])).toEqual([
      ["reordered", "equivalent"],
      ["bf16", "equivalent"],
      ["fp8", "worse"],
    ]);
    const [control, bf16, fp8] = rows;
    expect(control).toMatchObject({ first: 0, visibleFrom: 3, ratio: 1, interval: [1, 1] });
    expect(control.distance).toBeCloseTo(0.027, 12);
    expect(bf16.ratio).toBeCloseTo(1.1 ** (1 / 3), 12);
    expect(fp8.visibleFrom).toBe(2);
    expect(fp8.interval?.[0]).toBeGreaterThan(4.5);
  });

  it("have a ratio where losses are equal to the last bit: of the recipe, or of the control too", () => {
    const ratios = (control: number, distance: number) =>
      trajectoryRows(
        spec,
        ["fp32", "bf16"],
        [0, 1].flatMap((seed) => [
          run("fp32", seed, 0),
          run("reordered", seed, control),
          run("bf16", seed, distance),
        ]),
      );
    expect(ratios(0, 0)).toMatchObject([{ distance: 0, ratio: 1, verdict: "equivalent" }]);
    const [nearer] = ratios(0.04, 0);
    expect(nearer).toMatchObject({ distance: 0, verdict: "better" });
    expect(nearer.ratio).toBeCloseTo(1e-7 / 0.03, 12);
  });

  it("show nothing where the control is missing, or for one seed", () => {
    expect(
      trajectoryRows(
        spec,
        ["fp32", "bf16"],
        runs.filter((one) => one.recipe !== "reordered"),
      ),
    ).toEqual([]);
    const single = trajectoryRows(
      spec,
      ["fp32", "bf16"],
      runs.filter((one) => one.seed === 0),
    );
    expect(single).toMatchObject([{ recipe: "bf16", interval: null, verdict: "not shown" }]);
    expect(trajectoryRows(syntheticSpec(), ["fp32", "bf16"], runs)).toEqual([]);
  });

  it("never found far apart are so from no step", () => {
    const near = [0, 1].flatMap((seed) => [run("fp32", seed, 0), run("reordered", seed, 0.001)]);
    expect(trajectoryRows(spec, ["fp32", "reordered"], near)[0].visibleFrom).toBeNull();
  });

  it("are curves of every recipe but the baseline", () => {
    const curves = trajectoryCurves(spec, spec.settings[0].recipes, runs, 2);
    expect(curves.map(({ recipe }) => recipe)).toEqual(["reordered", "bf16", "fp8"]);
    expect(curves[0].points.map(({ x, mean }) => [x, Number(mean.toFixed(12))])).toEqual([
      [2, 0.0045],
      [4, 0.027],
    ]);
  });

  it("are written in words of their own", () => {
    const cells = rows.map((row) => TRAJECTORY_COLUMNS.map(({ cell }) => cell(row)).join(" | "));
    expect(cells[0]).toBe("reordered | 0.0e+0 | 3 | 0.027 | 1.00 | [1.00, 1.00] | as the control");
    expect(cells[2]).toMatch(/^fp8 .* farther$/);
    expect(trajectoryCaption("fp32", { control: "reordered", factor: 1.5 })).toContain(
      "between 1/1.5 and 1.5",
    );
  });
});
