/** `roundoff train`: one training run with its record and its checkpoint. */
import type { Command } from "commander";
import { openDataSet, parseDataName } from "../../data/data-sets.ts";
import { modelDefinition } from "../../models/catalog.ts";
import { recipe as findRecipe } from "../../recipes/catalog.ts";
import type { NonFiniteTensor } from "../../runlog/schema.ts";
import { trainCommand } from "../../train/command.ts";
import { openOutput } from "../../train/output.ts";
import { interrupted, type TrainProgress, type TrainResult, train } from "../../train/run.ts";
import { type CliContext, printResult } from "../context.ts";
import { badImagesWords, type DataPlaceOptions, declareDataPlace } from "../data-place.ts";
import {
  declareInitialWeights,
  type InitialWeightsOptions,
  initialWeightsWords,
  readInitialWeights,
} from "../initial-weights.ts";
import { createProgress, formatNumber, type ProgressState } from "../progress.ts";
import { textTable } from "../text-table.ts";
import {
  type CheckpointSettings,
  declareCheckpoints,
  declareTrainSettings,
  type TrainSettings,
  trainConfig,
} from "../train-settings.ts";
import {
  declareCommand,
  declareKernels,
  type JsonOption,
  type KernelOption,
  kernelRecord,
  kernelsFor,
} from "./declare.ts";

interface TrainCommandOptions
  extends TrainSettings,
    CheckpointSettings,
    DataPlaceOptions,
    InitialWeightsOptions,
    JsonOption,
    KernelOption {
  readonly out: string;
  readonly resume: boolean;
}

export function registerTrain(program: Command, context: CliContext): void {
  const command = declareTrainSettings(declareCommand(program, "train", "train one model with one recipe"))
    .requiredOption("--out <dir>", "folder of the run record and the checkpoint")
    .option("--resume", "go on from the checkpoint in --out, if there is one", false);
  const more = declareInitialWeights(declareDataPlace(command));
  declareKernels(declareCheckpoints(more)).action((options: TrainCommandOptions) =>
    runTrain(context, options),
  );
}

async function runTrain(context: CliContext, options: TrainCommandOptions): Promise<void> {
  const { out, resume, dataDirectory, badImages, classes, dataWorkers, checkpointEvery, keep } = options;
  const config = trainConfig(options);
  const selection = kernelsFor(context, options);
  // Everything that can be wrong with the command is found before the data is fetched and read.
  modelDefinition(config.model);
  findRecipe(config.recipe);
  const weights = await readInitialWeights(options);
  (await openOutput(out, resume)).release();
  const signal = context.takeSignal();
  const data = await openDataSet(config.data, {
    directory: dataDirectory ?? parseDataName(options.data).directory,
    badImages,
    classesFile: classes,
    cacheDir: context.environment.cacheDirectory,
    allowFetch: true,
    log: (message) => context.stderr(`${message}\n`),
    signal,
  });
  const progress = createProgress(context);
  const result = await train({
    config,
    data,
    dataWorkers,
    kernels: selection.kernels,
    kernelRecord: kernelRecord(selection),
    out,
    resume,
    initialWeights: weights,
    checkpointEvery,
    keep,
    onWarning: (message) => context.stderr(`warning: ${message}\n`),
    // The record lies in the output folder: without the folder's name, equal runs have equal records.
    command: [trainCommand(config, "."), ...badImagesWords(options), ...initialWeightsWords(options)].join(
      " ",
    ),
    signal,
    onProgress: (state) => progress.update(trainProgress(state)),
  }).finally(() => progress.end());
  if (result.status === "interrupted") throw interrupted(result);
  if (result.status === "diverged") context.stderr(`${divergedText(result)}\n`);
  printResult(context, options.json ?? false, result, () => resultText(result));
}

/** How the progress of a run is shown, alone and within a study. */
export function trainProgress({ phase, epoch, epochs, step, steps, ...state }: TrainProgress): ProgressState {
  const { loss, accuracy, samplesPerSecond } = state;
  const label = `${phase} ${epoch}/${epochs}`;
  return { label, done: step, total: steps, numbers: { loss, accuracy, "samples/s": samplesPerSecond } };
}

function divergedText({ steps, firstNonFinite }: TrainResult): string {
  const where = firstNonFinite === undefined ? "" : `: first ${nonFiniteText(firstNonFinite)} was not finite`;
  return `diverged: stopped after step ${steps}${where}`;
}

/** `layer1.0.conv1 activation (conv2d) in step 37`. */
export function nonFiniteText({ step, tensor, role, operation }: NonFiniteTensor): string {
  return `${tensor} ${role} (${operation}) in step ${step}`;
}

function resultText({
  status,
  metrics,
  steps,
  samplesPerSecond,
  recordPath,
  checkpointPath,
  firstNonFinite,
}: TrainResult): string {
  return textTable(
    ["run", status],
    [
      ...Object.entries(metrics).map(([name, value]) => [name, formatNumber(value)]),
      ["steps", String(steps)],
      ["samples/s", formatNumber(samplesPerSecond)],
      ...(firstNonFinite === undefined ? [] : [["first non-finite", nonFiniteText(firstNonFinite)]]),
      ["record", recordPath],
      ["checkpoint", checkpointPath],
    ],
  );
}
