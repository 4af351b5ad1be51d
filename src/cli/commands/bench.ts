/** `roundoff bench …`: what recipes and formats cost, measured side by side in one run. */
import type { Command } from "commander";
import { loadStudy } from "../../studies/catalog.ts";
import { describeMachine, type Machine } from "../bench/measure.ts";
import { benchStudy } from "../bench/study-steps.ts";
import { benchStep, type StepRow } from "../bench/training-step.ts";
import { type CliContext, printResult } from "../context.ts";
import { integerOption, listOption } from "../option-values.ts";
import { createProgress, formatNumber } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { type BatchOptions, declareBatch } from "./batch-options.ts";
import { registerProductBenches } from "./bench-products.ts";
import { registerQuantizeBench } from "./bench-quantize.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

interface StepCommandOptions extends JsonOption, KernelOption, BatchOptions {
  readonly model: string;
  readonly recipes: readonly string[];
  readonly unfused?: boolean;
  readonly rounds: number;
}

type StudyBenchOptions = JsonOption & KernelOption & Pick<StepCommandOptions, "rounds">;

export function registerBench(program: Command, context: CliContext): void {
  const group = program
    .command("bench")
    .description("measurements; only ratios within one run mean anything");
  const models = declareCommand(group, "step", "one training step of a model under several recipes, in turn")
    .requiredOption("--model <name>", "the model")
    .option("--recipes <a,b,…>", "recipes to compare; ratios are to the first", listOption("--recipes"), [
      "fp32",
    ]);
  const step = declareBatch(models, { batch: 32, image: 32, channels: 1 })
    .option("--unfused", "each recipe also with a pass over memory for every operation")
    .option("--rounds <n>", "how often each recipe is timed", integerOption("--rounds", { min: 1 }), 10);
  declareKernels(step).action((options: StepCommandOptions) => runStepBench(context, options));
  const study = declareCommand(
    group,
    "study <name>",
    "one training step of each setting of a study under its recipes, in turn: --costs of its report",
  ).option("--rounds <n>", "how often each recipe is timed", integerOption("--rounds", { min: 1 }), 10);
  declareKernels(study).action((name: string, options: StudyBenchOptions) =>
    runStudyBench(context, name, options),
  );
  registerQuantizeBench(group, context);
  registerProductBenches(group, context);
}

async function runStepBench(context: CliContext, options: StepCommandOptions): Promise<void> {
  const { kernels, info } = kernelsFor(context, options);
  const progress = createProgress(context);
  const rows = await benchStep({
    ...options,
    unfused: options.unfused ?? false,
    kernels,
    signal: context.takeSignal(),
    onRound: (done) => progress.update({ label: `step of ${options.model}`, done, total: options.rounds }),
  }).finally(() => progress.end());
  const machine = describeMachine(kernels.name, info.threads);
  printResult(context, options.json ?? false, { rows, machine }, () => stepText(rows, machine));
}

async function runStudyBench(context: CliContext, name: string, options: StudyBenchOptions): Promise<void> {
  const { kernels, info } = kernelsFor(context, options);
  const spec = await loadStudy(name, { native: kernels.name === "native" });
  const progress = createProgress(context);
  const rows = await benchStudy({
    spec,
    kernels,
    rounds: options.rounds,
    signal: context.takeSignal(),
    onSetting: (done, total) => progress.update({ label: `steps of ${spec.name}`, done, total }),
  }).finally(() => progress.end());
  const machine = describeMachine(kernels.name, info.threads);
  printResult(context, options.json ?? false, { rows, machine }, () => stepText(rows, machine));
}

function stepText(rows: readonly StepRow[], machine: Machine): string {
  const table = textTable(
    ["of", "recipe", "median ms", "best ms", "samples/s", "arena MiB", "ratio to first", "of the best"],
    rows.map((row) => [
      row.name,
      row.fusion ? row.recipe : `${row.recipe}, unfused`,
      formatNumber(row.medianMs),
      formatNumber(row.bestMs),
      formatNumber(row.samplesPerSecond),
      formatNumber(row.arenaBytes / 2 ** 20),
      formatNumber(row.ratioToFirst),
      formatNumber(row.bestRatioToFirst),
    ]),
  );
  return `${table}\n${machine.cpu}, ${machine.threads} threads, ${machine.kernels} kernels`;
}
