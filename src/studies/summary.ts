/**
 * From runs to rows: pairs each recipe with the baseline of the same setting and seed, judges it, and says which runs
 * are missing. Pure: the same runs in any order give the same rows. Rows are what `roundoff study --json` prints.
 */
import { RoundoffError } from "../base/errors.ts";
import type { RunResult } from "./run-result.ts";
import { isControl, type Metric, type StudySetting, type StudySpec, type Verdict } from "./spec.ts";
import { mean, sampleDeviation } from "./statistics.ts";
import type { Outcome, Pair, RuleName } from "./verdict.ts";
import { confirmed, judge, outcomeOf } from "./verdict.ts";

export type Prediction = "met" | "open" | "contradicted";

/** One recipe in one setting. All metrics are fractions; null where one seed cannot tell. */
export interface VerdictRow {
  readonly setting: string;
  readonly model: string;
  readonly recipe: string;
  readonly metric: Metric;
  /** Mean of the baseline over the paired seeds. */
  readonly baseline: number;
  /** Mean of the recipe over the paired seeds; a diverged run counts as chance. */
  readonly value: number;
  /** value − baseline. */
  readonly gap: number;
  /** Sample standard deviation of the baseline over its own seeds. */
  readonly seedSpread: number | null;
  readonly verdict: Verdict;
  /** The rule that gave the verdict; `baseline` in the baseline's own row. */
  readonly rule: RuleName | "baseline";
  /** The baseline's own recipe, trained in another way: its gap is what chance alone makes. */
  readonly control: boolean;
  /** The paired seeds; then, in the same order, the metric and recipe − baseline for each. */
  readonly seeds: readonly number[];
  readonly values: readonly number[];
  readonly gaps: readonly number[];
  readonly ci90: readonly [low: number, high: number] | null;
  readonly equivalenceP: number | null;
  readonly diverged: number;
  readonly notLearning: number;
  /** The verdict predicted in the study file, if any. */
  readonly expected: Verdict | null;
  /** Whether the prediction came true; `open`: the study has not shown anything where something was predicted. */
  readonly prediction: Prediction | null;
  /** Mean over the runs of examples trained per second; null when no timing was kept. */
  readonly samplesPerSecond: number | null;
}

export interface MissingRun {
  readonly setting: string;
  readonly recipe: string;
  readonly seed: number;
}

/** Predicted verdicts against those found, counted over all rows that have one. */
export interface PredictionCheck {
  readonly met: number;
  readonly open: number;
  readonly contradicted: number;
  /** The rows whose prediction has not come true. */
  readonly differences: readonly Pick<
    VerdictRow,
    "setting" | "recipe" | "expected" | "verdict" | "prediction"
  >[];
}

export function checkPredictions(rows: readonly VerdictRow[]): PredictionCheck {
  const count = (kind: Prediction) => rows.filter(({ prediction }) => prediction === kind).length;
  const differences = rows
    .filter(({ prediction }) => prediction === "open" || prediction === "contradicted")
    .map(({ setting, recipe, expected, verdict, prediction }) => ({
      setting,
      recipe,
      expected,
      verdict,
      prediction,
    }));
  return { met: count("met"), open: count("open"), contradicted: count("contradicted"), differences };
}

export interface StudySummary {
  /** In the order of the study: by setting, then by recipe. */
  readonly rows: readonly VerdictRow[];
  /** Runs the study asks for that were not given or were interrupted; rows use the seeds that are there. */
  readonly missing: readonly MissingRun[];
}

/** Judges every recipe of every setting that has at least one seed in common with the baseline. */
export function summarise(spec: StudySpec, results: readonly RunResult[]): StudySummary {
  const runs = indexRuns(spec, results);
  const rows: VerdictRow[] = [];
  const missing: MissingRun[] = [];
  for (const setting of spec.settings) {
    for (const recipe of setting.recipes) {
      const absent = spec.seeds.filter((seed) => !runs.has(runKey({ setting: setting.id, recipe, seed })));
      missing.push(...absent.map((seed) => ({ setting: setting.id, recipe, seed })));
      const row = rowOf(spec, setting, recipe, runs);
      if (row !== undefined) rows.push(row);
    }
  }
  return { rows, missing };
}

function runKey(run: MissingRun): string {
  return `${run.setting} ${run.recipe} ${run.seed}`;
}

function indexRuns(spec: StudySpec, results: readonly RunResult[]): ReadonlyMap<string, RunResult> {
  const runs = new Map<string, RunResult>();
  for (const run of results) {
    if (run.status === "interrupted" || !spec.seeds.includes(run.seed)) continue;
    const key = runKey(run);
    if (runs.has(key))
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: `two results for setting ${run.setting}, recipe ${run.recipe}, seed ${run.seed}`,
        expected: "one result for each run of a study",
        hint: "Give the runs of one output folder only.",
      });
    runs.set(key, run);
  }
  return runs;
}

function rowOf(
  spec: StudySpec,
  setting: StudySetting,
  recipe: string,
  runs: ReadonlyMap<string, RunResult>,
): VerdictRow | undefined {
  const find = (name: string, seed: number) => runs.get(runKey({ setting: setting.id, recipe: name, seed }));
  const outcome = (run: RunResult): Outcome =>
    outcomeOf(
      { seed: run.seed, diverged: run.status === "diverged", value: run.finalMetrics[spec.metric] },
      spec,
    );
  const pairsWith = (reference: string) =>
    spec.seeds.flatMap((seed): Pair[] => {
      const [run, other] = [find(recipe, seed), find(reference, seed)];
      return run && other ? [{ recipe: outcome(run), baseline: outcome(other) }] : [];
    });
  const pairs = pairsWith(spec.baseline);
  if (pairs.length === 0) return undefined;
  const controls = setting.recipes
    .filter((name) => isControl(spec, name))
    .map(pairsWith)
    .filter((compared) => compared.length > 0);
  const judgement = {
    ...confirmed(
      judge(pairs, spec),
      controls.map((compared) => judge(compared, spec)),
      isControl(spec, recipe),
    ),
    ...(recipe === spec.baseline ? baselineJudgement(pairs) : {}),
  };
  const expected = Object.hasOwn(setting.expected, recipe) ? setting.expected[recipe] : null;
  const speeds = spec.seeds.flatMap((seed) => find(recipe, seed)?.samplesPerSecond ?? []);
  const baselines = spec.seeds.flatMap((seed) => find(spec.baseline, seed) ?? []);
  return {
    setting: setting.id,
    model: setting.model,
    recipe,
    metric: spec.metric,
    baseline: mean(pairs.map((pair) => pair.baseline.score)),
    value: mean(pairs.map((pair) => pair.recipe.score)),
    seedSpread: sampleDeviation(baselines.map((run) => outcome(run).score)),
    ...judgement,
    control: isControl(spec, recipe),
    seeds: pairs.map((pair) => pair.recipe.seed),
    values: pairs.map((pair) => pair.recipe.score),
    gaps: pairs.map((pair) => pair.recipe.score - pair.baseline.score),
    diverged: countFailures(pairs, "diverged"),
    notLearning: countFailures(pairs, "notLearning"),
    expected,
    prediction: expected === null ? null : predictionOf(expected, judgement.verdict),
    samplesPerSecond: speeds.length > 0 ? mean(speeds) : null,
  };
}

/** The baseline is equivalent to itself by definition, unless it failed to train. */
function baselineJudgement(pairs: readonly Pair[]): Pick<VerdictRow, "verdict" | "rule"> {
  const failed = pairs.filter((pair) => pair.baseline.failure !== "none").length;
  return { verdict: failed >= pairs.length / 2 ? "not shown" : "equivalent", rule: "baseline" };
}

function predictionOf(expected: Verdict, found: Verdict): Prediction {
  if (expected === found) return "met";
  return found === "not shown" ? "open" : "contradicted";
}

function countFailures(pairs: readonly Pair[], failure: Outcome["failure"]): number {
  return pairs.filter((pair) => pair.recipe.failure === failure).length;
}
