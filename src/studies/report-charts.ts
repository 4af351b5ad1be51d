/** The pictures of one setting in the report: gaps, loss curves and accuracy curves, each with its caption. */
import { HEADROOM, lineChart } from "./chart-svg.ts";
import { accuracyCurves, type Curve, lossCurves, smoothingWindow } from "./curves.ts";
import { gapChart } from "./gap-chart-svg.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";
import { count } from "./metric-text.ts";
import type { RunResult } from "./run-result.ts";
import type { StudySetting, StudySpec } from "./spec.ts";
import type { VerdictRow } from "./summary.ts";
import { LEAST_DISTANCE, trajectoryCurves } from "./trajectories.ts";

/** A log axis pays when the baseline's loss falls by more than this factor. */
const LOG_FROM = 5;

/** All figures of a setting that have anything to show. */
export function settingCharts(
  spec: StudySpec,
  setting: StudySetting,
  rows: readonly VerdictRow[],
  results: readonly RunResult[],
): Markup {
  const runs = results.filter((run) => run.setting === setting.id);
  const order = recipeOrder(spec);
  return markup`${gapFigure(spec, setting, rows)}<div class="charts">${[
    accuracyFigure(setting, order, runs),
    lossFigure(setting, order, runs),
    trajectoryFigure(spec, setting, order, runs),
  ]}</div>`;
}

/** All recipes of the study, the baseline first: the order of colours and dashes on the whole page. */
function recipeOrder(spec: StudySpec): readonly string[] {
  return [...new Set([spec.baseline, ...spec.settings.flatMap((setting) => setting.recipes)])];
}

function gapFigure(spec: StudySpec, setting: StudySetting, rows: readonly VerdictRow[]): Markup | null {
  const description = `Gap of each recipe to ${spec.baseline} in ${setting.title}, with margin and intervals`;
  const drawing = gapChart({ description, baseline: spec.baseline, margin: spec.margin, rows });
  return figure(
    `Gap to ${spec.baseline}`,
    drawing,
    `Diamond: mean gap. Circles: one seed each. Bar: 90 % interval of the mean. Shaded: the margin. The row of ${spec.baseline} shows its own seeds around their mean. An arrow points to a mean beyond the axis, an open one with a number to so many seeds.`,
    "gaps",
  );
}

function accuracyFigure(
  setting: StudySetting,
  order: readonly string[],
  runs: readonly RunResult[],
): Markup | null {
  const drawing = lineChart({
    id: `accuracy-${setting.id}`,
    description: `Test accuracy of all recipes over the epochs in ${setting.title}`,
    xLabel: "epoch",
    yLabel: "test accuracy, %",
    yScale: "linear",
    yFormat: "percent",
    curves: accuracyCurves(order, runs),
    order,
  });
  return figure(
    "Test accuracy",
    drawing,
    "Line: mean over seeds. Band: lowest to highest seed. × marks the last epoch of a run that diverged; the mean goes on over the other seeds.",
  );
}

function lossFigure(
  setting: StudySetting,
  order: readonly string[],
  runs: readonly RunResult[],
): Markup | null {
  const window = smoothingWindow(runs);
  const curves = lossCurves(order, runs, window);
  const drawing = lineChart({
    id: `loss-${setting.id}`,
    description: `Training loss of all recipes over the steps in ${setting.title}`,
    xLabel: "step",
    yLabel: "training loss",
    yScale: lossScale(curves.flatMap((curve) => curve.points.map((point) => point.low))),
    yFormat: "plain",
    curves,
    order,
  });
  const smoothing =
    window === 1 ? "Every recorded step." : `Each point is the mean of ${count(window, "recorded step")}.`;
  return figure(
    "Training loss",
    drawing,
    `${smoothing} Line: mean over seeds. Band: lowest to highest seed. × marks where a run diverged. Losses beyond ${HEADROOM} times the baseline's largest are cut off at the top edge.`,
  );
}

/** Drawn where a study asks for it: losses of one run differ by little else than chance after a while. */
function trajectoryFigure(
  spec: StudySpec,
  setting: StudySetting,
  order: readonly string[],
  runs: readonly RunResult[],
): Markup | null {
  if (spec.trajectory === undefined) return null;
  const window = smoothingWindow(runs, 60);
  const curves = trajectoryCurves(spec, order, runs, window).map(aboveZero);
  const drawing = lineChart({
    id: `trajectory-${setting.id}`,
    description: `Distance of each recipe's loss from that of ${spec.baseline} over the steps in ${setting.title}`,
    xLabel: "step",
    yLabel: `|loss − loss of ${spec.baseline}|`,
    yScale: "log",
    yFormat: "plain",
    curves,
    order: [...order],
  });
  return figure(
    `Distance from ${spec.baseline}`,
    drawing,
    `Each point is the mean of ${count(window, "step")}. Line: mean over seeds. Band: lowest to highest seed. ${spec.trajectory.control} is ${spec.baseline} with its sums in another order: what rounding errors of FP32 alone grow to.`,
  );
}

/** Equal losses have no place on a log axis: they are drawn at its foot. */
function aboveZero(curve: Curve): Curve {
  const lift = (value: number) => Math.max(value, LEAST_DISTANCE);
  const points = curve.points.map(({ x, mean, low, high }) => ({
    x,
    mean: lift(mean),
    low: lift(low),
    high: lift(high),
  }));
  return { ...curve, points };
}

/** Log when the losses span a wide range and none is zero or negative. */
function lossScale(values: readonly number[]): "linear" | "log" {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 && high / low > LOG_FROM ? "log" : "linear";
}

function figure(
  title: string,
  drawing: Markup | undefined,
  caption: string,
  kind: "gaps" | "curves" = "curves",
): Markup | null {
  if (drawing === undefined) return null;
  return markup`<figure class="${kind}"><h3>${title}</h3>${drawing}<figcaption>${caption}</figcaption></figure>`;
}
