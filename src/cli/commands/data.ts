/** `roundoff data list|fetch|verify|prepare`: which data sets there are, where they are looked for, and whether their bytes are right; copies that are read faster. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import {
  type DataSetRow,
  dataSet,
  fetchDataSet,
  listDataSets,
  type PlaceOptions,
  verifyDataSet,
} from "../../data/data-sets.ts";
import { copyPictures } from "../../data/images/copy-pictures.ts";
import { openPictures, PICTURE_SETS, type PictureSetName } from "../../data/images/open-pictures.ts";
import { type CliContext, printResult } from "../context.ts";
import { type DataPlaceOptions, declareDataPlace } from "../data-place.ts";
import { choiceOption, integerOption } from "../option-values.ts";
import { createProgress } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { declareCommand, type JsonOption } from "./declare.ts";

interface DataOptions extends JsonOption {
  readonly directory?: string;
}

type Query = (name: string, options: PlaceOptions) => Promise<readonly DataSetRow[]>;

export function registerData(program: Command, context: CliContext): void {
  const group = program.command("data").description("data sets: where they are looked for, licence, hash");
  declareData(
    group,
    context,
    "list [name]",
    "every known data set, or one; fetches nothing",
    async (name, places) => {
      if (name !== "") dataSet(name);
      return (await listDataSets(places)).filter((row) => name === "" || row.name === name);
    },
  );
  declareData(
    group,
    context,
    "fetch <name>",
    "find a data set, downloading it if it is nowhere yet",
    async (name, places) => [await fetchDataSet(name, places)],
  );
  declareData(
    group,
    context,
    "verify <name>",
    "check every byte of a data set that is here",
    async (name, places) => [await verifyDataSet(name, places)],
  );
  declarePrepare(group, context);
}

interface PrepareOptions extends DataPlaceOptions, JsonOption {
  readonly out: string;
  readonly shorterSide: number;
}

function declarePrepare(group: Command, context: CliContext): void {
  const command = declareCommand(
    group,
    "prepare <name>",
    "copy pictures from a folder or shards, decoded and made smaller, so that training need not decode them",
  )
    .requiredOption(
      "--out <dir>",
      "folder of the copies, for --data imagefolder:DIR; started again, it goes on",
    )
    .option(
      "--shorter-side <px>",
      "pixels of the shorter side; smaller pictures stay as they are",
      integerOption("--shorter-side", { min: 1, max: 65_536 }),
      256,
    );
  declareDataPlace(command).action((name: string, options: PrepareOptions) =>
    prepare(context, name, options),
  );
}

async function prepare(context: CliContext, name: string, options: PrepareOptions): Promise<void> {
  const { out, shorterSide, dataDirectory, badImages, classes, dataWorkers, json = false } = options;
  const set: PictureSetName = choiceOption("<name>", PICTURE_SETS)(name);
  const index = openPictures(set, { directory: dataDirectory, badImages, classesFile: classes });
  const progress = createProgress(context);
  const result = await copyPictures(index, {
    out,
    shorterSide,
    workers: dataWorkers ?? availableParallelism(),
    signal: context.takeSignal(),
    onProgress: (done, total) => progress.update({ label: "copied", done, total, numbers: {} }),
  }).finally(() => progress.end());
  printResult(context, json, result, () => {
    const skipped = result.skipped.map((input) => `left out: ${input.name}: ${input.reason}`);
    return [
      `${result.pictures} pictures in ${out}, ${result.already} of them there already`,
      ...skipped,
    ].join("\n");
  });
}

function declareData(
  group: Command,
  context: CliContext,
  usage: string,
  description: string,
  query: Query,
): void {
  declareCommand(group, usage, description)
    .option("--directory <dir>", "look for the files here and nowhere else")
    .action(async (name: string | undefined, { directory, json = false }: DataOptions) => {
      const rows = await query(name ?? "", {
        directory,
        cacheDir: context.environment.cacheDirectory,
        signal: context.takeSignal(),
        log: (message) => context.stderr(`${message}\n`),
      });
      printResult(context, json, rows, () => rows.map(rowText).join("\n\n"));
    });
}

function rowText(row: DataSetRow): string {
  const facts: [string, string][] = [
    ["present", row.present ? `yes, ${row.source}: ${row.path}` : "no"],
    ...(row.problem === null ? [] : ([["problem", row.problem]] as [string, string][])),
    ["rows", String(row.rows)],
    ["sha256", row.sha256],
    ["licence", row.licence],
  ];
  return textTable(["data set", row.name], facts);
}
