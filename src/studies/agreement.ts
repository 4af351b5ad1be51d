/**
 * Whether two runs of a study, with other seeds or in a shorter form, find the same: verdict beside verdict. A study that
 * cannot tell contradicts nothing; only worse in one and not worse in the other is a contradiction.
 */
import { RoundoffError } from "../base/errors.ts";
import type { RunResult } from "./run-result.ts";
import type { StudySpec, Verdict } from "./spec.ts";
import { summarise } from "./summary.ts";
import { trajectoryRows } from "./trajectories.ts";

export type Agreement = "agrees" | "cannot tell" | "contradicts";

/** What was judged: the metric after the last epoch, or the path of the loss. */
type Judged = "accuracy" | "trajectory";

export interface AgreementRow {
  readonly setting: string;
  readonly recipe: string;
  readonly judged: Judged;
  /** The verdict of this run of the study, and that of the other. */
  readonly verdict: Verdict;
  readonly other: Verdict;
  readonly agreement: Agreement;
}

/** A study and the runs of it that are there. */
export interface StudyRuns {
  readonly spec: StudySpec;
  readonly results: readonly RunResult[];
}

type Judgement = Pick<AgreementRow, "setting" | "recipe" | "judged" | "verdict">;

/** Equivalent and better agree: neither finds the recipe worse. */
export function agreementOf(verdict: Verdict, other: Verdict): Agreement {
  if (verdict === "not shown" || other === "not shown") return "cannot tell";
  return (verdict === "worse") === (other === "worse") ? "agrees" : "contradicts";
}

/** Every verdict but the baseline's that both have, in the order of the first. Throws if they have none in common. */
export function compareResults(runs: StudyRuns, others: StudyRuns): readonly AgreementRow[] {
  const known = new Map(judgements(others).map((judgement) => [keyOf(judgement), judgement.verdict]));
  const rows = judgements(runs).flatMap((judgement): AgreementRow[] => {
    const other = known.get(keyOf(judgement));
    if (other === undefined) return [];
    return [{ ...judgement, other, agreement: agreementOf(judgement.verdict, other) }];
  });
  if (rows.length > 0) return rows;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `nothing to compare: no recipe of the study "${runs.spec.name}" was judged in both runs`,
    expected: "an archive with runs of this very study, as its study.json describes them",
    received: `${others.results.length} such runs`,
    hint: "Runs of a study file that has changed since do not count.",
  });
}

/** How many rows there are of each kind. */
export function countAgreements(rows: readonly AgreementRow[]): Readonly<Record<Agreement, number>> {
  const count = (kind: Agreement) => rows.filter(({ agreement }) => agreement === kind).length;
  return {
    agrees: count("agrees"),
    "cannot tell": count("cannot tell"),
    contradicts: count("contradicts"),
  };
}

function judgements({ spec, results }: StudyRuns): readonly Judgement[] {
  const accuracy = summarise(spec, results)
    .rows.filter(({ rule }) => rule !== "baseline")
    .map(({ setting, recipe, verdict }) => ({ setting, recipe, judged: "accuracy" as const, verdict }));
  const trajectories = spec.settings.flatMap(({ id, recipes }) => {
    const own = results.filter(({ setting }) => setting === id);
    return trajectoryRows(spec, recipes, own)
      .filter(({ recipe }) => recipe !== spec.trajectory?.control)
      .map(({ recipe, verdict }) => ({ setting: id, recipe, judged: "trajectory" as const, verdict }));
  });
  return [...accuracy, ...trajectories];
}

function keyOf({ setting, recipe, judged }: Judgement): string {
  return `${setting} ${recipe} ${judged}`;
}
