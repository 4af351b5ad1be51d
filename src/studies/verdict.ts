/**
 * The rules that turn paired runs into a verdict. Each rule has a name and a sentence that the report prints.
 *
 * "No significant difference" would call every noisy format good, and a mean alone would call chance a finding. So a recipe
 * is equivalent only if the whole 90 % interval of its gap lies inside a margin that was stated before the run (the same
 * as two one-sided tests at 5 %: TOST), worse or better only if the interval lies on one side of zero, and otherwise the
 * study says that it has not shown anything. Source: Schuirmann 1987; Student's t on paired gaps.
 */
import { RoundoffError } from "../base/errors.ts";
import type { Verdict } from "./spec.ts";
import { confidenceInterval, equivalenceP, mean } from "./statistics.ts";

/** How far above chance a metric must end for the run to count as learning. */
export const LEARNING_THRESHOLD = 0.05;
/** Level of the intervals: the 90 % interval inside ±margin is the same statement as TOST at p < 0.05. */
export const INTERVAL_LEVEL = 0.9;
/** Slack for the rounding of a difference of two FP64 metrics, so that a gap on the margin counts as inside. */
const ROUNDING_SLACK = 1e-12;

/** How one run ended: its metric (chance for a diverged run, whose network answers one class) and whether it failed. */
export interface Outcome {
  readonly seed: number;
  readonly score: number;
  readonly failure: "none" | "diverged" | "notLearning";
}

/** The recipe and the baseline, trained with the same seed. */
export interface Pair {
  readonly recipe: Outcome;
  readonly baseline: Outcome;
}

export interface Limits {
  readonly margin: number;
  readonly chance: number;
}

export type RuleName = keyof typeof RULES;

export interface Judgement {
  readonly verdict: Verdict;
  readonly rule: RuleName;
  /** Mean over seeds of recipe − baseline. */
  readonly gap: number;
  /** The 90 % interval of the mean gap and the TOST p-value; null for one seed, and where failures were counted. */
  readonly ci90: readonly [low: number, high: number] | null;
  readonly equivalenceP: number | null;
}

/** Every rule in the order in which it is tried: the first that applies gives the verdict. */
export const RULES = {
  "baseline-failed": {
    verdict: "not shown",
    text: "The baseline itself diverged or did not learn in at least half of the seeds: the setting cannot judge a format.",
  },
  diverged: {
    verdict: "worse",
    text: "At least half of the seeds diverged: their training loss stopped being a finite number.",
  },
  "not-learning": {
    verdict: "worse",
    text: "At least half of the seeds diverged or ended within the learning threshold of chance.",
  },
  "seeds-lost": {
    verdict: "worse",
    text: "Fewer than half of the seeds, but more than of the baseline, diverged or did not learn.",
  },
  "one-seed": {
    verdict: "not shown",
    text: "One pair of seeds has no interval.",
  },
  "inside-margin": {
    verdict: "equivalent",
    text: "The 90 % interval of the mean paired gap lies inside ±margin (TOST: p below 0.05).",
  },
  chance: {
    verdict: "not shown",
    text: "The interval lies on one side of zero, but it does not where a control stands in for the baseline, or the row is a control itself: chance alone makes such a gap.",
  },
  "below-zero": {
    verdict: "worse",
    text: "The interval lies below zero, and not inside the margin.",
  },
  "above-zero": {
    verdict: "better",
    text: "The interval lies above zero, and not inside the margin.",
  },
  "too-wide": {
    verdict: "not shown",
    text: "The interval holds zero and reaches beyond the margin: with these seeds the study cannot tell.",
  },
} as const satisfies Readonly<Record<string, { readonly verdict: Verdict; readonly text: string }>>;

/** Classes a run's end. `value` is its metric after the last epoch (may be missing or NaN if it diverged). */
export function outcomeOf(
  run: { readonly seed: number; readonly diverged: boolean; readonly value: number | undefined },
  limits: Limits,
): Outcome {
  if (run.diverged || (run.value !== undefined && !Number.isFinite(run.value)))
    return { seed: run.seed, score: limits.chance, failure: "diverged" };
  if (run.value === undefined)
    throw new RoundoffError("DATA_CORRUPT", {
      what: `the finished run with seed ${run.seed} has no final metric`,
      expected: "a number in the last line of its record",
      hint: "Remove the record of the run and start the study again: it will train this run only.",
    });
  const learned = run.value > limits.chance + LEARNING_THRESHOLD;
  return { seed: run.seed, score: run.value, failure: learned ? "none" : "notLearning" };
}

/** Judges a recipe by its pairs (at least one); the pairs give the gap, its interval and the rule that applied. */
export function judge(pairs: readonly Pair[], limits: Limits): Judgement {
  const gaps = pairs.map((pair) => pair.recipe.score - pair.baseline.score);
  const counted = ruleByCount(pairs);
  // Where seeds failed the gaps are two clusters, good and failed: an interval around their mean would mean nothing.
  const ci90 = counted === undefined ? confidenceInterval(gaps, INTERVAL_LEVEL) : null;
  const rule = counted ?? ruleByInterval(ci90, limits.margin);
  const p = ci90 === null ? null : equivalenceP(gaps, limits.margin);
  return { verdict: RULES[rule].verdict, rule, gap: mean(gaps), ci90, equivalenceP: p };
}

/**
 * What is left of a judgement once a control has stood in for the baseline. A baseline that was lucky or unlucky in its
 * seeds makes every recipe worse or better, the control too; a format's own effect is there against both.
 */
export function confirmed(
  judgement: Judgement,
  againstControls: readonly Judgement[],
  isControl: boolean,
): Judgement {
  const oneSided = judgement.rule === "below-zero" || judgement.rule === "above-zero";
  const holds = !isControl && againstControls.every(({ rule }) => rule === judgement.rule);
  return !oneSided || holds ? judgement : { ...judgement, rule: "chance", verdict: RULES.chance.verdict };
}

/** The rules that count failed seeds instead of measuring a gap. */
function ruleByCount(pairs: readonly Pair[]): RuleName | undefined {
  const half = pairs.length / 2;
  const failed = pairs.filter((pair) => pair.recipe.failure !== "none").length;
  const baselineFailed = pairs.filter((pair) => pair.baseline.failure !== "none").length;
  if (baselineFailed >= half) return "baseline-failed";
  if (pairs.filter((pair) => pair.recipe.failure === "diverged").length >= half) return "diverged";
  if (failed >= half) return "not-learning";
  return failed > baselineFailed ? "seeds-lost" : undefined;
}

function ruleByInterval(ci90: Judgement["ci90"], margin: number): RuleName {
  if (ci90 === null) return "one-seed";
  const [low, high] = ci90;
  if (low > -margin - ROUNDING_SLACK && high < margin + ROUNDING_SLACK) return "inside-margin";
  if (high < -ROUNDING_SLACK) return "below-zero";
  return low > ROUNDING_SLACK ? "above-zero" : "too-wide";
}
