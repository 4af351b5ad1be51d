/** `roundoff data list|fetch|verify`: which data sets there are, where they are looked for, and whether their bytes are right. */
import type { Command } from "commander";
import {
  type DataSetRow,
  dataSet,
  fetchDataSet,
  listDataSets,
  type PlaceOptions,
  verifyDataSet,
} from "../../data/data-sets.ts";
import { type CliContext, printResult } from "../context.ts";
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
