/**
 * The rows of a study in plain sentences: what was found, how sure it is, and no more. Sentences are made from the
 * rows only, so the text can never say something the table does not.
 */
import { count, enumeration, percent, points, pointsInterval, sizeInPoints } from "./metric-text.ts";
import type { StudySetting, StudySpec } from "./spec.ts";
import type { StudySummary, VerdictRow } from "./summary.ts";

/** The findings of one setting. */
export interface Findings {
  readonly setting: StudySetting;
  readonly sentences: readonly string[];
}

/** The sentences for each setting, in the order of the study. */
export function findings(spec: StudySpec, summary: StudySummary): readonly Findings[] {
  return spec.settings.map((setting) => {
    const rows = summary.rows.filter((row) => row.setting === setting.id);
    const baseline = rows.find((row) => row.recipe === spec.baseline);
    const others = rows.filter((row) => row.recipe !== spec.baseline);
    const missing = summary.missing.filter((run) => run.setting === setting.id).length;
    const sentences =
      baseline === undefined
        ? [`No finished ${spec.baseline} run, so there is nothing to compare with.`]
        : [
            baselineSentence(baseline),
            ...others.filter((row) => row.control).map((row) => controlSentence(row, spec.margin)),
            ...groupSentences(
              others.filter((row) => !row.control),
              spec.margin,
            ),
          ];
    return {
      setting,
      sentences: [...sentences, ...expectationSentences(rows), ...missingSentence(missing)],
    };
  });
}

function baselineSentence(row: VerdictRow): string {
  const seeds =
    row.seedSpread === null
      ? "one seed, so its own spread is not known"
      : `mean of ${count(row.seeds.length, "seed")}, which spread by ${sizeInPoints(row.seedSpread)} points`;
  const failed =
    row.verdict !== "equivalent" ? " It failed to train, so this setting cannot judge a format." : "";
  return `${row.recipe} reached ${percent(row.value)} % test accuracy (${seeds}).${failed}`;
}

/** What the same recipe trained in another way says of the setting's power. */
function controlSentence(row: VerdictRow, margin: number): string {
  const size = `±${sizeInPoints(margin)} points`;
  const gap = `${row.recipe} (${points(row.gap)}, 90 % interval ${pointsInterval(row.ci90)})`;
  if (row.verdict === "equivalent")
    return `The control ${gap} lies inside the margin of ${size}: with these seeds the setting can tell formats apart at this margin.`;
  return `The control ${gap} does not lie inside the margin of ${size}: differences of this size are chance here.`;
}

function groupSentences(rows: readonly VerdictRow[], margin: number): string[] {
  const gap = (row: VerdictRow) => `${row.recipe} (${points(row.gap)})`;
  const failure = (row: VerdictRow) => `${row.recipe} (${failureText(row)})`;
  const interval = (row: VerdictRow) =>
    row.ci90 === null ? gap(row) : `${row.recipe} (${points(row.gap)}, ${pointsInterval(row.ci90)})`;
  const groups: readonly (readonly [rules: readonly VerdictRow["rule"][], lead: string, text: typeof gap])[] =
    [
      [["inside-margin"], `Equivalent within ±${sizeInPoints(margin)} points`, gap],
      [["above-zero"], "Better", gap],
      [["below-zero"], "Worse", gap],
      [["seeds-lost"], "Worse, because seeds were lost", failure],
      [["diverged", "not-learning"], "Worse, because training failed", failure],
      [["too-wide", "one-seed", "chance"], "Not shown either way", interval],
    ];
  return groups.flatMap(([rules, lead, text]) => {
    const listed = rows.filter((row) => rules.includes(row.rule)).map(text);
    return listed.length > 0 ? [`${lead}: ${enumeration(listed)}.`] : [];
  });
}

/** `2 of 3 seeds diverged, 1 of 3 did not learn`. */
export function failureText(row: VerdictRow): string {
  const of = (number: number) => `${number} of ${count(row.seeds.length, "seed")}`;
  return [
    row.diverged > 0 ? `${of(row.diverged)} diverged` : "",
    row.notLearning > 0 ? `${of(row.notLearning)} did not learn` : "",
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function expectationSentences(rows: readonly VerdictRow[]): string[] {
  const predicted = rows.filter((row) => row.prediction !== null);
  if (predicted.length === 0) return [];
  const differing = predicted
    .filter((row) => row.prediction !== "met")
    .map((row) => `${row.recipe} (predicted ${row.expected}, found ${row.verdict})`);
  const met = `${predicted.length - differing.length} of ${count(predicted.length, "prediction")} made before the run came true`;
  return [differing.length === 0 ? `${met}.` : `${met}; not ${enumeration(differing)}.`];
}

function missingSentence(missing: number): string[] {
  if (missing === 0) return [];
  return [
    `${count(missing, "run")} of this setting ${missing === 1 ? "is" : "are"} missing: the study is not complete.`,
  ];
}
