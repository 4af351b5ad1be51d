/**
 * The rules that turn paired runs into a verdict. Each rule has a name and a sentence that the report prints.
 *
 * With three seeds a 90 % interval is about ±1.7 standard deviations wide, so a rule that asks for the whole interval
 * would call nearly every format unproved, and one that only asks "no significant difference" would call every noisy
 * one good. The verdict is therefore the point estimate against a margin stated before the run, and `certainty` says
 * beside it whether the interval (Student's t on paired gaps; TOST) supports it or not.
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

/** What the verdict rests on: counted failures, a mean that its interval supports or does not, or one seed. */
export type Certainty = "counted" | "interval" | "point estimate only" | "one seed";

export type RuleName = keyof typeof RULES;

export interface Judgement {
  readonly verdict: Verdict;
  readonly rule: RuleName;
  readonly certainty: Certainty;
  /** Mean over seeds of recipe − baseline. */
  readonly gap: number;
  /** The 90 % interval of the mean gap and the TOST p-value; null for one seed, and where failures were counted. */
  readonly ci90: readonly [low: number, high: number] | null;
  readonly equivalenceP: number | null;
}

/** Every rule in the order in which it is tried: the first that applies gives the verdict. */
export const RULES = {
  "baseline-failed": {
    verdict: "undecided",
    text: "The baseline itself diverged or did not learn in at least half of the seeds: the setting cannot judge a format.",
  },
  diverged: {
    verdict: "fails",
    text: "At least half of the seeds diverged: their training loss stopped being a finite number.",
  },
  "not-learning": {
    verdict: "fails",
    text: "At least half of the seeds diverged or ended within the learning threshold of chance.",
  },
  "seeds-lost": {
    verdict: "degrades",
    text: "Fewer than half of the seeds, but more than of the baseline, diverged or did not learn.",
  },
  "below-margin": {
    verdict: "degrades",
    text: "The mean paired gap is below −margin.",
  },
  "within-margin": {
    verdict: "holds",
    text: "The mean paired gap lies inside ±margin.",
  },
  "above-margin": {
    verdict: "holds",
    text: "The mean paired gap is above +margin: no worse than the baseline, but not equivalent to it either.",
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
  const gap = mean(gaps);
  const rule = firstRule(pairs, gap, limits);
  // Where seeds failed the gaps are two clusters, good and failed: an interval around their mean would mean nothing.
  const ci90 = BY_COUNT.includes(rule) ? null : confidenceInterval(gaps, INTERVAL_LEVEL);
  const certainty = pairs.length === 1 ? "one seed" : certaintyOf(rule, ci90, limits.margin);
  const p = ci90 === null ? null : equivalenceP(gaps, limits.margin);
  return { verdict: RULES[rule].verdict, rule, certainty, gap, ci90, equivalenceP: p };
}

/** The rules that count failed seeds instead of measuring a gap. */
const BY_COUNT: readonly RuleName[] = ["baseline-failed", "diverged", "not-learning", "seeds-lost"];

function firstRule(pairs: readonly Pair[], gap: number, { margin }: Limits): RuleName {
  const half = pairs.length / 2;
  const failed = pairs.filter((pair) => pair.recipe.failure !== "none").length;
  const baselineFailed = pairs.filter((pair) => pair.baseline.failure !== "none").length;
  if (baselineFailed >= half) return "baseline-failed";
  if (pairs.filter((pair) => pair.recipe.failure === "diverged").length >= half) return "diverged";
  if (failed >= half) return "not-learning";
  if (failed > baselineFailed) return "seeds-lost";
  if (gap < -margin - ROUNDING_SLACK) return "below-margin";
  return gap > margin + ROUNDING_SLACK ? "above-margin" : "within-margin";
}

function certaintyOf(rule: RuleName, ci90: Judgement["ci90"], margin: number): Certainty {
  if (ci90 === null) return "counted";
  const [low, high] = ci90;
  const supported =
    rule === "below-margin" ? high < -margin : low > -margin && (rule === "above-margin" || high < margin);
  return supported ? "interval" : "point estimate only";
}
