/**
 * Runs a study: every setting × seed × recipe that has no finished record yet, one after the other, then the verdicts and
 * the report. Interrupted at any point, the same call goes on where it stopped.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import { replaceFile } from "../base/replace-file.ts";
import type { ImageSplits } from "../data/image-set.ts";
import type { KernelSet } from "../kernels/contract.ts";
import { recipe as recipeNamed } from "../recipes/catalog.ts";
import type { KernelRecord } from "../runlog/schema.ts";
import { RECORD_FILE } from "../train/journal.ts";
import { LOCK_FILE, openOutput } from "../train/output.ts";
import { interrupted, type TrainProgress, train } from "../train/run.ts";
import { type AgreementRow, compareResults, type StudyRuns } from "./agreement.ts";
import { ARCHIVE_FILE, type Archive, EMPTY_ARCHIVE, readArchive, writeArchive } from "./archive.ts";
import { describeRecipe } from "./describe-recipe.ts";
import { archivedResult, archivedResults, commandOf, type PlannedRun, planRuns } from "./plan.ts";
import { htmlReport } from "./report-html.ts";
import { markdownReport } from "./report-markdown.ts";
import type { RecipeDescription } from "./report-model.ts";
import { type RunPlace, readResult } from "./results.ts";
import type { RunResult } from "./run-result.ts";
import { type StudySpec, variantOf } from "./spec.ts";
import { readStepCosts, type StepCosts } from "./step-costs.ts";
import { checkPredictions, type PredictionCheck, summarise, type VerdictRow } from "./summary.ts";

export interface StudyOptions {
  readonly spec: StudySpec;
  readonly out: string;
  readonly kernels: KernelSet;
  readonly kernelRecord: KernelRecord;
  /** Loads a data set by name; called once for each. */
  readonly loadData: (name: string) => Promise<ImageSplits>;
  readonly command: string;
  readonly machine: Readonly<Record<string, string>>;
  /** An archive of records, as a study writes it: the runs in it are not made again. */
  readonly records?: string;
  /** Trains nothing: judges the runs that are there, and the report says what is missing. */
  readonly reportOnly?: boolean;
  /** Another run of the study, as its own file or a longer form of it asks: do both find the same? */
  readonly against?: { readonly spec: StudySpec; readonly records: string };
  /** A file with what steps cost, for the report. */
  readonly costs?: string;
  readonly signal?: AbortSignal;
  /** As in TrainOptions, for every run. */
  readonly checkpointEvery?: number;
  readonly keep?: number;
  readonly onWarning?: (message: string) => void;
  readonly onProgress?: (progress: StudyProgress) => void;
}

export interface StudyProgress {
  readonly place: RunPlace;
  /** Of all runs of the study, how many are done. */
  readonly runsDone: number;
  readonly runs: number;
  /** Steps of the run under way; absent when it was found finished. */
  readonly train?: TrainProgress;
  /** Set when the run has just ended. */
  readonly result?: RunResult;
}

export interface StudyResult {
  readonly rows: readonly VerdictRow[];
  readonly predictions: PredictionCheck;
  /** Verdict by verdict, this run beside the one in `against`. */
  readonly agreement?: readonly AgreementRow[];
  readonly reportPath: string;
  readonly results: readonly RunResult[];
}

export async function runStudy(options: StudyOptions): Promise<StudyResult> {
  const { spec, out } = options;
  const runs = planRuns(spec, out);
  const lock = await openOutput(out, true);
  try {
    return await runAll(options, runs);
  } finally {
    lock.release();
  }
}

async function runAll(options: StudyOptions, runs: readonly PlannedRun[]): Promise<StudyResult> {
  const { out, records, reportOnly } = options;
  const costs = options.costs === undefined ? undefined : readStepCosts(options.costs);
  const archive = records === undefined ? EMPTY_ARCHIVE : await readArchive(records);
  const other = options.against === undefined ? undefined : await readOther(options.against);
  const known = new Map<PlannedRun, RunResult>();
  for (const run of runs) {
    const result = (await finishedResult(run, out)) ?? archivedResult(run, archive);
    if (result !== undefined) known.set(run, result);
  }
  // A report that is made anew needs no data; what is missing for a run is told before the first one begins.
  const needed = new Set(runs.filter((run) => !known.has(run)).map(({ config }) => config.data));
  const data = new Map<string, ImageSplits>();
  if (reportOnly !== true) for (const name of needed) data.set(name, await options.loadData(name));
  const results: RunResult[] = [];
  for (const [index, run] of runs.entries()) {
    if (reportOnly === true && !known.has(run)) continue;
    const result =
      known.get(run) ?? (await trainOne(run, data.get(run.config.data)!, options, index, runs.length));
    results.push(result);
    options.onProgress?.({ place: run.place, runsDone: index + 1, runs: runs.length, result });
  }
  const paths = runs.map(({ place }) => join(place.directory, RECORD_FILE));
  // The archive of this study has its runs alone, not what else the one that was read may hold.
  const own = new Map(runs.flatMap(({ place, config }) => archiveEntry(archive, commandOf(place, config))));
  await writeArchive(join(out, ARCHIVE_FILE), own, paths);
  const agreement = other && { agreement: compareResults({ spec: options.spec, results }, other) };
  return { ...(await writeReport(options, results, costs)), ...agreement };
}

function archiveEntry(archive: Archive, command: string): readonly (readonly [string, string])[] {
  const record = archive.get(command);
  return record === undefined ? [] : [[command, record]];
}

async function readOther({ spec, records }: NonNullable<StudyOptions["against"]>): Promise<StudyRuns> {
  return { spec, results: archivedResults(spec, await readArchive(records)) };
}

/** A run that is finished counts only if it was made with the same settings. */
async function finishedResult({ place, config }: PlannedRun, out: string): Promise<RunResult | undefined> {
  const result = await readResult(place, out);
  if (result === undefined) return undefined;
  // A process that was killed after its last byte left its lock; nobody will take it over here any more.
  if (existsSync(join(place.directory, LOCK_FILE))) (await openOutput(place.directory, true)).release();
  if (result.facts.command === commandOf(place, config)) return result;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `"${place.directory}" holds a run with other settings`,
    expected: commandOf(place, config),
    received: result.facts.command,
    hint: "Choose another --out for the changed study.",
  });
}

async function trainOne(
  { place, config }: PlannedRun,
  data: ImageSplits,
  options: StudyOptions,
  index: number,
  runs: number,
): Promise<RunResult> {
  const { kernels, kernelRecord, signal, checkpointEvery, keep, onWarning } = options;
  const result = await train({
    config,
    data,
    kernels,
    kernelRecord,
    out: place.directory,
    resume: true,
    command: commandOf(place, config),
    signal,
    checkpointEvery,
    keep,
    onWarning,
    onProgress: (progress) => options.onProgress?.({ place, runsDone: index, runs, train: progress }),
  });
  if (result.status === "interrupted") throw interrupted(result);
  const read = await readResult(place, options.out);
  if (read === undefined) {
    throw new RoundoffError("DATA_CORRUPT", {
      what: `the record of the finished run in "${place.directory}" has no end`,
    });
  }
  return read;
}

async function writeReport(
  options: StudyOptions,
  results: readonly RunResult[],
  costs: StepCosts | undefined,
): Promise<StudyResult> {
  const { spec, out, machine, command } = options;
  const { rows } = summarise(spec, results);
  const input = { spec, results, recipes: describeRecipes(spec), machine, command, costs };
  const reportPath = resolve(out, "report.html");
  await replaceFile(reportPath, htmlReport(input));
  await replaceFile(resolve(out, "report.md"), markdownReport(input));
  await replaceFile(resolve(out, "verdicts.json"), `${JSON.stringify(rows, null, 2)}\n`);
  return { rows, predictions: checkPredictions(rows), reportPath, results };
}

function describeRecipes(spec: StudySpec): RecipeDescription[] {
  const names = new Set(spec.settings.flatMap((setting) => setting.recipes));
  return [...names].map((name) => {
    const variant = variantOf(spec, name);
    return { ...describeRecipe(recipeNamed(variant.recipe), variant), recipe: name };
  });
}
