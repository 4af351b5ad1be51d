/**
 * From runs to the curves of a chart: loss over steps in bins, accuracy over epochs, as the mean and the range over
 * seeds. Knows nothing of drawing. A run that diverges ends its curve there; the mean goes on over the others.
 */
import type { RunResult, StepPoint } from "./run-result.ts";

/** Mean and range over the seeds at one place. */
export interface BandPoint {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** One recipe's curve over all its seeds. */
export interface Curve {
  readonly recipe: string;
  readonly points: readonly BandPoint[];
  /** Where runs diverged: the last finite place of each. */
  readonly ends: readonly { readonly x: number; readonly y: number }[];
}

type StepValue = Pick<StepPoint, "step" | "loss">;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The number of recorded steps averaged into one point, so that the longest run has at most `points` points. */
export function smoothingWindow(runs: readonly RunResult[], points = 120): number {
  return Math.max(1, ...runs.map((run) => Math.ceil(run.steps.length / points)));
}

/** Training loss over steps: each point is the mean of `window` consecutive recorded steps, placed at the last. */
export function lossCurves(recipes: readonly string[], runs: readonly RunResult[], window: number): Curve[] {
  return curvesOf(recipes, runs, (run) => binned(run.steps, window));
}

/** One curve over the seeds of any quantity that steps have; no curve without a point. */
export function curvesOfSteps(
  recipe: string,
  runs: readonly { readonly steps: readonly StepValue[] }[],
  window: number,
): readonly Curve[] {
  const points = band(runs.map(({ steps }) => binned(steps, window).places));
  return points.length === 0 ? [] : [{ recipe, points, ends: [] }];
}

/** Test accuracy after each epoch, placed at the number of epochs done. */
export function accuracyCurves(recipes: readonly string[], runs: readonly RunResult[]): Curve[] {
  return curvesOf(recipes, runs, (run) => ({
    places: run.epochs
      .map(({ testAccuracy }, i) => ({ x: i + 1, y: testAccuracy }))
      .filter((place) => Number.isFinite(place.y)),
  }));
}

/** One run's line. `end` is where a diverged run was last finite: it is marked, but not averaged with other seeds. */
interface Line {
  readonly places: readonly Place[];
  readonly end?: Place;
}

function curvesOf(
  recipes: readonly string[],
  runs: readonly RunResult[],
  lineOf: (run: RunResult) => Line,
): Curve[] {
  return recipes.flatMap((recipe): Curve[] => {
    const own = runs.filter((run) => run.recipe === recipe && run.status !== "interrupted");
    if (own.length === 0) return [];
    const lines = own.map((run) => ({ diverged: run.status === "diverged", ...lineOf(run) }));
    const ends = lines.flatMap(({ diverged, places, end }) => (diverged ? (end ?? places.slice(-1)) : []));
    return [{ recipe, points: band(lines.map((line) => line.places)), ends }];
  });
}

/** Means over full bins; a ragged tail is left out (it would be noisier), unless the run has nothing else. */
function binned(steps: readonly StepValue[], window: number): Line {
  const bad = steps.findIndex((point) => !Number.isFinite(point.loss));
  const finite = bad < 0 ? steps : steps.slice(0, bad);
  const places: Place[] = [];
  let start = 0;
  for (; start + window <= finite.length; start += window)
    places.push(meanPlace(finite.slice(start, start + window)));
  const tail = finite.slice(start);
  if (tail.length > 0 && bad >= 0) return { places, end: meanPlace(tail) };
  return { places: places.length === 0 && tail.length > 0 ? [meanPlace(tail)] : places };
}

function meanPlace(bin: readonly StepValue[]): Place {
  return { x: bin[bin.length - 1].step, y: bin.reduce((sum, point) => sum + point.loss, 0) / bin.length };
}

function band(lines: readonly (readonly Place[])[]): readonly BandPoint[] {
  const at = new Map<number, number[]>();
  for (const { x, y } of lines.flat()) {
    const values = at.get(x);
    if (values === undefined) at.set(x, [y]);
    else values.push(y);
  }
  return [...at.entries()]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => ({
      x,
      mean: values.reduce((sum, value) => sum + value, 0) / values.length,
      low: Math.min(...values),
      high: Math.max(...values),
    }));
}
