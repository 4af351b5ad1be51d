/** `roundoff study`: models × recipes × seeds, with verdicts and a report. Interrupted, the same command goes on. */
import { totalmem } from "node:os";
import type { Command } from "commander";
import { loadDataSet } from "../../data/data-sets.ts";
import { type AgreementRow, countAgreements } from "../../studies/agreement.ts";
import { loadStudy } from "../../studies/catalog.ts";
import { percent, points, pValue, sizeInPoints } from "../../studies/metric-text.ts";
import { runStudy, type StudyProgress, type StudyResult } from "../../studies/run.ts";
import type { StudySpec } from "../../studies/spec.ts";
import type { PredictionCheck } from "../../studies/summary.ts";
import { reasonCell, verdictCell } from "../../studies/verdict-table.ts";
import { type CliContext, printResult } from "../context.ts";
import { integerOption } from "../option-values.ts";
import { createProgress, formatNumber, type Progress } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { type CheckpointSettings, declareCheckpoints } from "../train-settings.ts";
import {
  declareCommand,
  declareKernels,
  type JsonOption,
  type KernelOption,
  kernelRecord,
  kernelsFor,
} from "./declare.ts";
import { trainProgress } from "./train.ts";

interface StudyCommandOptions extends CheckpointSettings, JsonOption, KernelOption {
  readonly out: string;
  readonly seeds?: number;
  readonly seedOffset?: number;
  readonly quick: boolean;
  readonly dataDirectory?: string;
  readonly records?: string;
  readonly against?: string;
  readonly reportOnly: boolean;
  readonly costs?: string;
}

export function registerStudy(program: Command, context: CliContext): void {
  const command = declareCommand(
    program,
    "study <name>",
    "train models × recipes × seeds and judge every recipe",
  )
    .requiredOption("--out <dir>", "folder of the runs and the report; started again, the study goes on")
    .option(
      "--seeds <n>",
      "so many seeds instead of the study's own",
      integerOption("--seeds", { min: 1, max: 1000 }),
    )
    .option(
      "--seed-offset <n>",
      "other seeds than the study's own: each with n added",
      integerOption("--seed-offset", { min: 1, max: 1_000_000 }),
    )
    .option("--quick", "the short form of the study: minutes instead of hours", false)
    .option("--records <file>", "an archive of records (records.jsonl.gz): runs in it are not made again")
    .option("--against <file>", "an archive of another run of the study: says whether both find the same")
    .option("--report-only", "train nothing: judge the runs that are there", false)
    .option("--costs <file>", "what bench study --json printed: shown in the report")
    .option("--data-directory <dir>", "look for the data here and nowhere else");
  declareKernels(declareCheckpoints(command)).action((name: string, options: StudyCommandOptions) =>
    study(context, name, options),
  );
}

async function study(context: CliContext, name: string, options: StudyCommandOptions): Promise<void> {
  const selection = kernelsFor(context, options);
  const native = selection.kernels.name === "native";
  const spec = withSeeds(await loadStudy(name, { native, quick: options.quick }), options);
  const records = options.against;
  const against = records === undefined ? undefined : { spec: await loadStudy(name, { native }), records };
  if (!native)
    context.stderr("reference kernels: studies that have a smaller form for them train that one\n");
  const signal = context.takeSignal();
  const progress = createProgress(context);
  const result = await runStudy({
    spec,
    out: options.out,
    kernels: selection.kernels,
    kernelRecord: kernelRecord(selection),
    records: options.records,
    against,
    reportOnly: options.reportOnly,
    costs: options.costs,
    checkpointEvery: options.checkpointEvery,
    keep: options.keep,
    onWarning: (message) => context.stderr(`warning: ${message}\n`),
    loadData: (data) =>
      loadDataSet(data, {
        directory: options.dataDirectory,
        cacheDir: context.environment.cacheDirectory,
        allowFetch: true,
        log: (message) => context.stderr(`${message}\n`),
        signal,
      }),
    command: studyCommand(name, options),
    machine: { Memory: `${formatNumber(totalmem() / 2 ** 30)} GiB` },
    signal,
    onProgress: (state) => showProgress(context, progress, state),
  }).finally(() => progress.end());
  const { rows, predictions, agreement, reportPath } = result;
  const printed = { rows, predictions, ...(agreement && { agreement }), reportPath };
  printResult(context, options.json ?? false, printed, () => studyText(result));
}

/** The study with the number of seeds asked for (its own first, then the next integers), each with the offset added. */
export function withSeeds(
  spec: StudySpec,
  { seeds: count = spec.seeds.length, seedOffset = 0 }: Pick<StudyCommandOptions, "seeds" | "seedOffset">,
): StudySpec {
  const next = Math.max(...spec.seeds) + 1;
  const own = Array.from({ length: count }, (_, i) => spec.seeds[i] ?? next + i - spec.seeds.length);
  return { ...spec, seeds: own.map((seed) => seed + seedOffset) };
}

/** The command for the report, as one would type it again. */
function studyCommand(name: string, { out, seeds, seedOffset, quick }: StudyCommandOptions): string {
  const options = [
    seeds === undefined ? "" : ` --seeds ${seeds}`,
    seedOffset === undefined ? "" : ` --seed-offset ${seedOffset}`,
    quick ? " --quick" : "",
  ].join("");
  return `roundoff study ${name} --out ${out}${options}`;
}

function showProgress(context: CliContext, progress: Progress, state: StudyProgress): void {
  const { place, runsDone, runs, train, result } = state;
  const run = `${place.setting} ${place.recipe} seed ${place.seed}`;
  if (result !== undefined) {
    progress.end();
    const metrics = Object.entries(result.finalMetrics).map(
      ([name, value]) => `${name} ${formatNumber(value)}`,
    );
    context.stderr(
      `run ${runsDone}/${runs}: ${run}: ${result.status}${metrics.map((metric) => `, ${metric}`).join("")}\n`,
    );
    return;
  }
  if (train === undefined) return;
  const shown = trainProgress(train);
  progress.update({ ...shown, label: `run ${runsDone + 1}/${runs}: ${run}: ${shown.label}` });
}

/** `11 of 13 predictions came true; …`, one line for each that did not. */
function predictionText({ met, open, contradicted, differences }: PredictionCheck): string {
  if (met + open + contradicted === 0) return "";
  const lines = differences.map(
    ({ setting, recipe, expected, verdict }) =>
      `  ${setting} ${recipe}: predicted ${expected}, found ${verdict}`,
  );
  const head = `predictions: ${met} came true, ${contradicted} did not, ${open} could not be decided`;
  return `\n${[head, ...lines].join("\n")}`;
}

/** How many verdicts of two runs agree, and the lines of those that do not or cannot tell. */
function agreementText(rows: readonly AgreementRow[]): string {
  const counts = countAgreements(rows);
  const open = rows.filter(({ agreement }) => agreement !== "agrees");
  const head = `against the other run: ${counts.agrees} of ${rows.length} verdicts agree, ${counts.contradicts} contradict, ${counts["cannot tell"]} cannot tell`;
  if (open.length === 0) return `\n${head}`;
  const table = textTable(
    ["setting", "recipe", "judged by", "here", "in the other", ""],
    open.map((row) => [row.setting, row.recipe, row.judged, row.verdict, row.other, row.agreement]),
  );
  return `\n${head}\n${table}`;
}

function studyText({ rows, predictions, agreement, reportPath }: StudyResult): string {
  const table = textTable(
    ["setting", "recipe", "metric %", "baseline %", "gap (points)", "seed spread", "p", "verdict", "why"],
    rows.map((row) => [
      row.setting,
      row.recipe,
      percent(row.value),
      percent(row.baseline),
      points(row.gap),
      row.seedSpread === null ? "–" : sizeInPoints(row.seedSpread),
      pValue(row.equivalenceP),
      verdictCell(row),
      reasonCell(row),
    ]),
  );
  const compared = agreement === undefined ? "" : agreementText(agreement);
  return `${table}${predictionText(predictions)}${compared}\nreport: ${reportPath}`;
}
