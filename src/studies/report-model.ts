/**
 * What a report is made from, and the facts it must name, collected from the runs themselves: a study resumed on
 * another machine or with other kernels shows both. Knows nothing of HTML or Markdown.
 */
import type { ScheduleConfig } from "../optim/schedules.ts";
import type { RecipeDescription } from "./describe-recipe.ts";
import { grouped } from "./metric-text.ts";
import type { RunFacts, RunResult } from "./run-result.ts";
import type { StudySetting, StudySpec } from "./spec.ts";
import type { StepCosts } from "./step-costs.ts";
import { LEARNING_THRESHOLD, RULES } from "./verdict.ts";

export type { RecipeDescription };

export interface ReportInput {
  readonly spec: StudySpec;
  readonly results: readonly RunResult[];
  /** One for every recipe of the study. */
  readonly recipes: readonly RecipeDescription[];
  /** What the report should say of this machine beyond the runs' own records, e.g. memory or operating system. */
  readonly machine: Readonly<Record<string, string>>;
  /** What steps cost, measured apart from the study; absent: not measured. */
  readonly costs?: StepCosts;
  /** The command that made the whole study. */
  readonly command: string;
}

/** A titled list of values; several values mean that runs differ. */
export interface Fact {
  readonly title: string;
  readonly values: readonly string[];
}

/** Data, machine, kernels and versions of all runs, each distinct value once, in the order of the runs. */
export function collectFacts({ results, machine, spec }: ReportInput): readonly Fact[] {
  const from = (title: string, text: (facts: RunFacts) => string): Fact => ({
    title,
    values: [...new Set(results.map((run) => text(run.facts)))],
  });
  return [
    from("Data set", ({ data }) => data.name),
    from("Data hash (SHA-256)", ({ data }) => data.sha256),
    from("Data source", ({ data }) => data.source),
    from(
      "Data used",
      ({ data }) => `${grouped(data.trainRows)} training, ${grouped(data.testRows)} test examples`,
    ),
    { title: "Seeds", values: [spec.seeds.join(", ")] },
    from("Processor", ({ kernels }) => kernels.cpu),
    from("Kernels", ({ kernels }) => `${kernels.name} (${kernels.tier})`),
    from("Threads", ({ kernels }) => String(kernels.threads)),
    from(
      "Versions",
      ({ roundoffVersion, nodeVersion }) => `Roundoff ${roundoffVersion}, Node ${nodeVersion}`,
    ),
    ...Object.entries(machine).map(([title, value]) => ({ title, values: [value] })),
  ].filter((fact) => fact.values.length > 0);
}

/** A setting's own parameters in words. */
export function describeSetting(setting: StudySetting): readonly Fact[] {
  const { optimizer, modelOptions } = setting;
  const options = Object.entries(modelOptions).map(([key, value]) => `${key} ${value}`);
  const limit = (value: number | undefined) => (value === undefined ? "all" : `first ${grouped(value)}`);
  return [
    { title: "Model", values: [[setting.model, ...options].join(", ")] },
    { title: "Data", values: [setting.data] },
    { title: "Training examples", values: [limit(setting.trainLimit)] },
    { title: "Test examples", values: [limit(setting.testLimit)] },
    { title: "Epochs", values: [String(setting.epochs)] },
    { title: "Batch size", values: [String(setting.batchSize)] },
    {
      title: "Learning rate",
      values: [`${optimizer.learningRate}, ${describeSchedule(optimizer.schedule)}`],
    },
    ...(optimizer.kind === undefined ? [] : [{ title: "Optimizer", values: [optimizer.kind] }]),
    ...(optimizer.momentum === undefined
      ? []
      : [{ title: "Momentum", values: [String(optimizer.momentum)] }]),
    { title: "Weight decay", values: [String(optimizer.weightDecay)] },
    ...(optimizer.settings === undefined
      ? []
      : [{ title: "Other settings of the optimizer", values: [settingsText(optimizer.settings)] }]),
  ];
}

function describeSchedule(schedule: ScheduleConfig): string {
  const warmup = schedule.warmupSteps > 0 ? `, warm-up of ${grouped(schedule.warmupSteps)} steps` : "";
  if (schedule.kind === "steps")
    return `times ${schedule.factor} after ${schedule.epochs.join(", ")} epochs${warmup}`;
  if ("settings" in schedule) return `${schedule.kind} (${settingsText(schedule.settings)})${warmup}`;
  return `${schedule.kind}${schedule.kind === "cosine" ? " to 0" : ""}${warmup}`;
}

const settingsText = (settings: Readonly<Record<string, number>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");

/** All setting names that any recipe gives, in first-seen order, with the value per recipe (`–` where it has none). */
export function recipeTable(
  recipes: readonly RecipeDescription[],
): readonly { readonly title: string; readonly values: readonly string[] }[] {
  const titles = [...new Set(recipes.flatMap((recipe) => Object.keys(recipe.settings)))];
  return titles.map((title) => ({ title, values: recipes.map((recipe) => recipe.settings[title] ?? "–") }));
}

/** How verdicts were reached: first the definitions with this study's numbers, then every rule with its name. */
export function explainRules(spec: StudySpec): {
  readonly definitions: readonly string[];
  readonly rules: readonly { readonly rule: string; readonly verdict: string; readonly text: string }[];
} {
  const inPoints = (size: number) =>
    `${percentText(size)} percentage ${percentText(size) === "1" ? "point" : "points"}`;
  return {
    definitions: [
      `The metric is test accuracy after the last epoch, never the best epoch: choosing the best would use the test set to choose.`,
      `The gap is recipe minus ${spec.baseline}, paired by seed: both start from the same weights and see the same batches.`,
      `The margin is ±${inPoints(spec.margin)}, stated before the run. Chance is ${percentText(spec.chance)} %; a run learned if it ends above ${percentText(spec.chance + LEARNING_THRESHOLD)} %. A diverged run counts as chance.`,
      `The verdict is by the 90 % interval of the mean gap (Student's t over the seeds). Equivalent means that the whole interval lies inside ±margin: the same as two one-sided tests (TOST) at 5 %, whose p-value stands beside it. Worse and better mean that the interval lies on one side of zero, against the baseline and against each control. Otherwise nothing is shown.`,
      `A control is ${spec.baseline} trained in another way (examples of a batch in another order, so other sums; or other seeds): its gap is what chance alone makes.`,
      `Intervals cover the choice of seed, not the choice of test examples, and are not corrected for the number of recipes. Seed spread is the sample standard deviation over seeds.`,
    ],
    rules: Object.entries(RULES).map(([rule, { verdict, text }]) => ({ rule, verdict, text })),
  };
}

/** A fraction in percent with as many decimals as it needs. */
function percentText(fraction: number): string {
  return String(Number((fraction * 100).toFixed(4)));
}
