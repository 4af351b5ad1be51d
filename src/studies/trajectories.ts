/**
 * How far a recipe's training strays from the baseline's, step by step: |loss − loss of the baseline| with the same seed. The
 * yardstick is a control, the baseline itself with other rounding errors: after enough steps any difference has grown to
 * what chance makes, so a distance alone says nothing. Knows nothing of drawing.
 */
import { type Curve, curvesOfSteps } from "./curves.ts";
import type { RunResult } from "./run-result.ts";
import type { StudySpec, Verdict } from "./spec.ts";
import { confidenceInterval, equivalenceP, mean } from "./statistics.ts";

/** Two losses differ visibly from here on. */
const VISIBLE = 0.01;
/** About an ulp of a loss in FP32: distances below it, zero too, have no ratio and no place on a log axis, and count as this. */
export const LEAST_DISTANCE = 1e-7;
/** The part of the run over which distances are averaged for the verdict: its second half. */
const JUDGED_FROM = 0.5;

export interface TrajectoryRow {
  readonly recipe: string;
  /** Mean over seeds of the distance after the first step. */
  readonly first: number;
  /** Median over seeds of the first step at which losses differ by more than 0.01; null where half of the seeds never do. */
  readonly visibleFrom: number | null;
  /** Mean over seeds and over the second half of the steps. */
  readonly distance: number;
  /** Geometric mean over seeds of the distance over that of the control, and its 90 % interval; null without two seeds. */
  readonly ratio: number;
  readonly interval: readonly [low: number, high: number] | null;
  readonly equivalenceP: number | null;
  readonly verdict: Verdict;
}

interface Distances {
  readonly seed: number;
  readonly steps: readonly { readonly step: number; readonly loss: number }[];
}

/** Distances of a recipe's runs, for the seeds that the baseline finished too. */
function distancesOf(runs: readonly RunResult[], baseline: string, recipe: string): readonly Distances[] {
  return runs
    .filter((run) => run.recipe === recipe && run.status === "finished")
    .flatMap((run) => {
      const partner = runs.find(({ recipe: name, seed }) => name === baseline && seed === run.seed);
      if (partner?.status !== "finished") return [];
      const steps = run.steps.map(({ step, loss }, i) => ({
        step,
        loss: Math.abs(loss - partner.steps[i].loss),
      }));
      return [{ seed: run.seed, steps }];
    });
}

/** Curves of the distance for every recipe but the baseline, each point the mean of `window` steps. */
export function trajectoryCurves(
  spec: Pick<StudySpec, "baseline">,
  recipes: readonly string[],
  runs: readonly RunResult[],
  window: number,
): readonly Curve[] {
  return recipes
    .filter((recipe) => recipe !== spec.baseline)
    .flatMap((recipe) => curvesOfSteps(recipe, distancesOf(runs, spec.baseline, recipe), window));
}

/** The rows of one setting; empty without a control to measure by. */
export function trajectoryRows(
  { baseline, trajectory }: Pick<StudySpec, "baseline" | "trajectory">,
  recipes: readonly string[],
  runs: readonly RunResult[],
): readonly TrajectoryRow[] {
  if (trajectory === undefined) return [];
  const control = new Map(
    distancesOf(runs, baseline, trajectory.control).map((run) => [run.seed, late(run)]),
  );
  return recipes
    .filter((recipe) => recipe !== baseline)
    .flatMap((recipe): TrajectoryRow[] => {
      const own = distancesOf(runs, baseline, recipe).filter(({ seed }) => control.has(seed));
      if (own.length === 0) return [];
      const logs = own.map((run) => logRatio(late(run), control.get(run.seed) ?? Number.NaN));
      const interval = confidenceInterval(logs, 0.9);
      return [
        {
          recipe,
          first: mean(own.map(({ steps }) => steps[0].loss)),
          visibleFrom: median(own.map(firstVisible)),
          distance: mean(own.map(late)),
          ratio: Math.exp(mean(logs)),
          interval: interval === null ? null : [Math.exp(interval[0]), Math.exp(interval[1])],
          equivalenceP: equivalenceP(logs, Math.log(trajectory.factor)),
          verdict: verdictOf(interval, Math.log(trajectory.factor)),
        },
      ];
    });
}

/** Worse: strays farther than the control; better: less far. */
function verdictOf(interval: readonly [number, number] | null, margin: number): Verdict {
  if (interval === null) return "not shown";
  const [low, high] = interval;
  if (low > -margin && high < margin) return "equivalent";
  if (low > 0) return "worse";
  return high < 0 ? "better" : "not shown";
}

function logRatio(distance: number, control: number): number {
  return Math.log(Math.max(distance, LEAST_DISTANCE) / Math.max(control, LEAST_DISTANCE));
}

function late({ steps }: Distances): number {
  return mean(steps.slice(Math.floor(steps.length * JUDGED_FROM)).map(({ loss }) => loss));
}

function firstVisible({ steps }: Distances): number {
  return steps.find(({ loss }) => loss > VISIBLE)?.step ?? Number.POSITIVE_INFINITY;
}

/** The lower median; null where it is infinite. */
function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return Number.isFinite(middle) ? middle : null;
}
