/**
 * Runs a study: every setting × seed × recipe that has no finished record yet, one after the other, then the verdicts and
 * the report. Interrupted at any point, the same call goes on where it stopped.
 */
import { join, resolve } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import { replaceFile } from "../base/replace-file.ts";
import type { ImageSplits } from "../data/image-set.ts";
import type { KernelSet } from "../kernels/contract.ts";
import { modelDefinition } from "../models/catalog.ts";
import { recipe as recipeNamed } from "../recipes/catalog.ts";
import { parseRecord } from "../runlog/parse.ts";
import type { KernelRecord } from "../runlog/schema.ts";
import { trainCommand } from "../train/command.ts";
import { checkConfig, type TrainConfig } from "../train/config.ts";
import { RECORD_FILE } from "../train/journal.ts";
import { openOutput } from "../train/output.ts";
import { interrupted, type TrainProgress, train } from "../train/run.ts";
import { ARCHIVE_FILE, type Archive, EMPTY_ARCHIVE, readArchive, writeArchive } from "./archive.ts";
import { describeRecipe } from "./describe-recipe.ts";
import { htmlReport } from "./report-html.ts";
import { markdownReport } from "./report-markdown.ts";
import type { RecipeDescription } from "./report-model.ts";
import { type RunPlace, readResult, resultOf } from "./results.ts";
import type { RunResult } from "./run-result.ts";
import { type StudySetting, type StudySpec, type Variant, variantOf } from "./spec.ts";
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
  readonly reportPath: string;
  readonly results: readonly RunResult[];
}

interface PlannedRun {
  readonly place: RunPlace;
  readonly config: TrainConfig;
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
  await writeArchive(join(out, ARCHIVE_FILE), archive, paths);
  return writeReport(options, results, costs);
}

/** A run that was made elsewhere counts if it is the very run that this study would make. */
function archivedResult({ place, config }: PlannedRun, archive: Archive): RunResult | undefined {
  const record = archive.get(commandOf(place, config));
  if (record === undefined) return undefined;
  return resultOf(place, parseRecord(record, ARCHIVE_FILE), { recordPath: ARCHIVE_FILE });
}

/** All runs, seed by seed, so that an interrupted study has whole seeds rather than whole recipes. Checks every name. */
function planRuns(spec: StudySpec, out: string): PlannedRun[] {
  return spec.settings.flatMap((setting) => {
    modelDefinition(setting.model);
    for (const name of setting.recipes) recipeNamed(variantOf(spec, name).recipe);
    return spec.seeds.flatMap((seed) =>
      setting.recipes.map((recipe) => ({
        place: {
          setting: setting.id,
          recipe,
          seed,
          directory: join(out, "runs", setting.id, `${recipe}-seed${seed}`),
        },
        config: checkConfig(runConfig(setting, variantOf(spec, recipe), seed)),
      })),
    );
  });
}

function runConfig(
  setting: StudySetting,
  { recipe, batchOrder, seedOffset = 0 }: Variant,
  seed: number,
): TrainConfig {
  const { model, modelOptions, data, epochs, batchSize, trainLimit, testLimit, optimizer, telemetryEvery } =
    setting;
  return {
    model,
    modelOptions,
    data,
    recipe,
    epochs,
    seed: seed + seedOffset,
    batchSize,
    trainLimit,
    testLimit,
    optimizer,
    telemetryEvery,
    batchOrder,
  };
}

/** A run that is finished counts only if it was made with the same settings. */
async function finishedResult({ place, config }: PlannedRun, out: string): Promise<RunResult | undefined> {
  const result = await readResult(place, out);
  if (result === undefined) return undefined;
  if (result.facts.command === commandOf(place, config)) return result;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `"${place.directory}" holds a run with other settings`,
    expected: commandOf(place, config),
    received: result.facts.command,
    hint: "Choose another --out for the changed study.",
  });
}

/** Without the root of the output, so that equal studies in different folders have equal records. */
function commandOf({ setting, recipe, seed }: RunPlace, config: TrainConfig): string {
  return trainCommand(config, join("runs", setting, `${recipe}-seed${seed}`));
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
