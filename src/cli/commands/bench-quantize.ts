/** `roundoff bench quantize`: what rounding an array costs beside copying it, format by format. */
import type { Command } from "commander";
import { RoundoffError } from "../../base/errors.ts";
import { ROUNDINGS, type Rounding } from "../../formats/format.ts";
import { describeMachine, type Machine } from "../bench/measure.ts";
import { type ArraySize, arraySize, benchQuantize, type QuantizeRow } from "../bench/quantize.ts";
import { type CliContext, printResult } from "../context.ts";
import { choiceOption, integerOption, listOption } from "../option-values.ts";
import { createProgress, formatNumber } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

interface QuantizeCommandOptions extends JsonOption, KernelOption {
  readonly formats: readonly string[];
  readonly rounding: Rounding;
  readonly randomBits?: number;
  readonly elements: readonly string[];
  readonly statistics?: boolean;
  readonly rounds: number;
  readonly threads?: number;
}

const FORMATS =
  "bf16 fp16 e5m2 e4m3 e2m1 e8m0 posit16 int8 mxfp8e4m3 mxfp6e2m3 mxfp4 mxint8 bfp8b16 nvfp4".split(" ");

export function registerQuantizeBench(group: Command, context: CliContext): void {
  const command = declareCommand(group, "quantize", "rounding of arrays, beside a copy of the same arrays")
    .option("--formats <a,b,…>", "formats to round to", listOption("--formats"), FORMATS)
    .option("--rounding <mode>", "rounding mode", choiceOption("--rounding", ROUNDINGS), "nearestEven")
    .option(
      "--random-bits <n>",
      "random bits of stochastic rounding",
      integerOption("--random-bits", { min: 1, max: 32 }),
    )
    .option(
      "--elements <a,b,…>",
      "sizes of the array: L2, L3 or DRAM (two arrays lie there), or numbers of elements",
      listOption("--elements"),
      ["L2", "L3", "DRAM"],
    )
    .option("--statistics", "measure what rounding does to the array, in the same pass")
    .option(
      "--threads <n>",
      "threads (default: all cores)",
      integerOption("--threads", { min: 1, max: 1024 }),
    )
    .option("--rounds <n>", "how often everything is timed", integerOption("--rounds", { min: 1 }), 15);
  declareKernels(command).action((options: QuantizeCommandOptions) => runQuantizeBench(context, options));
}

async function runQuantizeBench(context: CliContext, options: QuantizeCommandOptions): Promise<void> {
  const { threads, rounds, formats, rounding, randomBits } = options;
  const environment = threads === undefined ? context.environment : { ...context.environment, threads };
  const selected = kernelsFor({ ...context, environment }, options);
  const sizes = options.elements.map((text) => sizeOf(text, selected.info.threads));
  const progress = createProgress(context);
  const rows = await benchQuantize({
    formats,
    rounding,
    randomBits,
    statistics: options.statistics ?? false,
    sizes,
    selected,
    rounds,
    signal: context.takeSignal(),
    onRound: (done) => progress.update({ label: "rounds of a size", done, total: rounds }),
  }).finally(() => progress.end());
  const machine = describeMachine(selected.kernels.name, selected.info.threads);
  printResult(context, options.json ?? false, { rows, machine }, () => quantizeText(rows, machine));
}

function sizeOf(text: string, threads: number): ArraySize {
  const size = arraySize(text, threads);
  if (size !== undefined) return size;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: "--elements has a part that is no size",
    expected: "L2, L3, DRAM or a whole number of elements above 0",
    received: `"${text}"`,
  });
}

function quantizeText(rows: readonly QuantizeRow[], machine: Machine): string {
  const table = textTable(
    [
      "size",
      "format",
      "ratio to copy",
      "of the best",
      "median ms",
      "best ms",
      "GB/s",
      "best GB/s",
      "ns/element",
    ],
    rows.map((row) => [
      row.size,
      row.name,
      formatNumber(row.ratioToCopy),
      formatNumber(row.bestRatioToCopy),
      formatNumber(row.medianMs),
      formatNumber(row.bestMs),
      formatNumber(row.gbPerSecond),
      formatNumber(row.bestGbPerSecond),
      formatNumber(row.nsPerElement),
    ]),
  );
  return `${table}\n${machine.cpu}, ${machine.threads} threads, ${machine.kernels} kernels`;
}
