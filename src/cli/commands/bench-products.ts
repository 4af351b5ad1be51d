/** `roundoff bench gemm` and `bench conv`: products by recipe beside the machine's own limits, in one run. */
import type { Command } from "commander";
import { recipe } from "../../recipes/catalog.ts";
import { describeMachine } from "../bench/measure.ts";
import { convWorks, convWorksOfModel, gemmWork, type ProductWork } from "../bench/product-work.ts";
import { benchProducts, type ProductBench } from "../bench/products.ts";
import { type CliContext, printResult } from "../context.ts";
import { integerOption, listOption } from "../option-values.ts";
import { createProgress, formatNumber } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { type BatchOptions, declareBatch } from "./batch-options.ts";
import { declareCommand, declareKernels, type JsonOption, type KernelOption, kernelsFor } from "./declare.ts";

interface ProductOptions extends JsonOption, KernelOption {
  readonly recipes: readonly string[];
  readonly shapes?: readonly string[];
  readonly rounds: number;
  readonly threads?: number;
}

interface ConvOptions extends ProductOptions, BatchOptions {
  readonly model: string;
}

const RECIPES = ["fp32", "bf16", "int16"];
const GEMM_SHAPES = ["1024x1024x1024", "4096x1024x1024"];

export function registerProductBenches(group: Command, context: CliContext): void {
  const gemm = declareProducts(group, "gemm", "matrix products under several recipes, in turn").option(
    "--shapes <a,b,…>",
    "m x n x k",
    listOption("--shapes"),
    GEMM_SHAPES,
  );
  declareKernels(gemm).action((options: ProductOptions) =>
    runBench(context, options, (options.shapes ?? []).map(gemmWork)),
  );
  const conv = declareProducts(
    group,
    "conv",
    "convolutions, forward and both gradients, under several recipes, in turn",
  )
    .option(
      "--shapes <a,b,…>",
      "CxHxW/KxRxS/s…p…g… (default: the distinct ones of --model)",
      listOption("--shapes"),
    )
    .option("--model <name>", "the model whose convolutions are measured", "resnet50");
  declareKernels(declareBatch(conv, { batch: 16, image: 224, channels: 3 })).action(
    (options: ConvOptions) => {
      const { shapes, model, batch, image, channels } = options;
      const works = shapes?.flatMap((text) => convWorks(text, batch));
      return runBench(context, options, works ?? convWorksOfModel(model, batch, image, channels));
    },
  );
}

function declareProducts(group: Command, name: string, description: string): Command {
  return declareCommand(group, name, description)
    .option(
      "--recipes <a,b,…>",
      "recipes to compare; ratios are to the first",
      listOption("--recipes"),
      RECIPES,
    )
    .option(
      "--threads <n>",
      "threads (default: all cores)",
      integerOption("--threads", { min: 1, max: 1024 }),
    )
    .option("--rounds <n>", "how often everything is timed", integerOption("--rounds", { min: 1 }), 7);
}

async function runBench(
  context: CliContext,
  options: ProductOptions,
  works: readonly ProductWork[],
): Promise<void> {
  const recipes = options.recipes.map(recipe);
  const { threads, rounds } = options;
  const environment = threads === undefined ? context.environment : { ...context.environment, threads };
  const selected = kernelsFor({ ...context, environment }, options);
  const progress = createProgress(context);
  const total = works.length * (rounds + 1);
  const { rows, roofline } = await benchProducts({
    works,
    recipes,
    selected,
    rounds,
    signal: context.takeSignal(),
    onRound: (done) => progress.update({ label: "rounds of all shapes", done: done + 1, total }),
  }).finally(() => progress.end());
  const machine = { ...describeMachine(selected.kernels.name, selected.info.threads), roofline };
  printResult(context, options.json ?? false, { rows, machine }, () =>
    productText({ rows, roofline }, machine),
  );
}

function productText({ rows, roofline }: ProductBench, machine: ReturnType<typeof describeMachine>): string {
  const table = textTable(
    [
      "shape",
      "gemm",
      "recipe",
      "carrier",
      "median ms",
      "best ms",
      "GFLOP/s",
      "best",
      "of the roof",
      "ratio to first",
    ],
    rows.map((row) => [
      row.name,
      row.gemm,
      row.recipe,
      row.carrier,
      formatNumber(row.medianMs),
      formatNumber(row.bestMs),
      formatNumber(row.gflops),
      formatNumber(row.bestGflops),
      row.roofShare === undefined ? "" : `${formatNumber(row.roofShare)} (${row.bound})`,
      formatNumber(row.ratioToFirst),
    ]),
  );
  const limits = roofline === undefined ? "" : `\n${rooflineText(roofline)}`;
  return `${table}\n${machine.cpu}, ${machine.threads} threads, ${machine.kernels} kernels${limits}`;
}

function rooflineText({ gflops, copyGbPerSecond }: NonNullable<ProductBench["roofline"]>): string {
  const rates = Object.entries(gflops).map(([carrier, rate]) => `${carrier} ${formatNumber(rate)}`);
  return `in registers, GFLOP/s: ${rates.join(", ")}; copy from memory ${formatNumber(copyGbPerSecond)} GB/s`;
}
