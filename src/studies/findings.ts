/**
 * The rows of a study in plain sentences: what was found, how sure it is, and no more. Sentences are made from the
 * rows only, so the text can never say something the table does not.
 */
import { count, enumeration, percent, points, sizeInPoints } from "./metric-text.ts";
import type { StudySetting, StudySpec, Verdict } from "./spec.ts";
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
            ...groupSentences(others, spec.margin),
            ...certaintySentences(others),
            ...spreadSentence(baseline, spec.margin),
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
  const failed = row.verdict === "fails" ? " It failed to train, so this setting cannot judge a format." : "";
  return `${row.recipe} reached ${percent(row.value)} % test accuracy (${seeds}).${failed}`;
}

function groupSentences(rows: readonly VerdictRow[], margin: number): string[] {
  const gap = (row: VerdictRow) => `${row.recipe} (${points(row.gap)})`;
  const failure = (row: VerdictRow) => `${row.recipe} (${failureText(row)})`;
  const size = `${sizeInPoints(margin)} points`;
  const groups: readonly (readonly [rules: readonly VerdictRow["rule"][], lead: string, text: typeof gap])[] =
    [
      [["within-margin"], `Inside the margin of ±${size}`, gap],
      [["above-margin"], `Above the baseline by more than the margin of ${size}`, gap],
      [["below-margin"], `Below the baseline by more than the margin of ${size}`, gap],
      [["seeds-lost"], "Lost some of the seeds", failure],
      [["diverged", "not-learning"], "Failed", failure],
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

function certaintySentences(rows: readonly VerdictRow[]): string[] {
  const judged = rows.filter(
    (row) => row.certainty !== "counted" && (row.verdict === "holds" || row.verdict === "degrades"),
  );
  if (judged.length === 0) return [];
  if (judged.every((row) => row.certainty === "one seed"))
    return ["With one seed these verdicts are point estimates: another seed could change them."];
  const weak = judged.filter((row) => row.certainty !== "interval").map((row) => row.recipe);
  const all = enumeration(judged.map((row) => row.recipe));
  if (weak.length === 0)
    return [
      judged.length === 1
        ? `The 90 % interval of the gap supports the verdict on ${all}.`
        : `The 90 % intervals of the gaps support the verdicts on ${all}.`,
    ];
  return [
    `For ${enumeration(weak)} the verdict rests on the point estimate only: the 90 % interval of the gap crosses a margin, so more seeds could change it.`,
  ];
}

function spreadSentence(baseline: VerdictRow, margin: number): string[] {
  if (baseline.seedSpread === null || baseline.seedSpread <= margin) return [];
  return [
    `The seeds of ${baseline.recipe} alone spread by more than the margin, so gaps of this size are hard to tell from noise here.`,
  ];
}

function expectationSentences(rows: readonly VerdictRow[]): string[] {
  return rows.flatMap((row) =>
    row.expected === null
      ? []
      : [
          `Predicted before the run: ${row.recipe} ${verdictText(row.expected)}. Found: ${row.recipe} ${verdictText(row.verdict)}.`,
        ],
  );
}

function verdictText(verdict: Verdict): string {
  return verdict === "undecided" ? "stays undecided" : verdict;
}

function missingSentence(missing: number): string[] {
  if (missing === 0) return [];
  return [
    `${count(missing, "run")} of this setting ${missing === 1 ? "is" : "are"} missing: the study is not complete.`,
  ];
}
