/** Reads the run records of a study back into results, so that a report needs nothing but the files of its runs. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { RunRecord } from "../runlog/parse.ts";
import { readBegunRecord, readTimings } from "../runlog/reader.ts";
import { RECORD_FILE, TIMING_FILE } from "../train/journal.ts";
import type { RunResult } from "./run-result.ts";

/** Which run of a study a directory holds. */
export interface RunPlace {
  readonly setting: string;
  readonly recipe: string;
  readonly seed: number;
  readonly directory: string;
}

/** The result of a finished run, or undefined while it has no last line. `root` is where the report will stand. */
export async function readResult(place: RunPlace, root: string): Promise<RunResult | undefined> {
  const path = join(place.directory, RECORD_FILE);
  const record = await readBegunRecord(path);
  if (record === undefined) return undefined;
  const samplesPerSecond = await speed(join(place.directory, TIMING_FILE));
  return resultOf(place, record, { samplesPerSecond, recordPath: relative(root, path) });
}

/** The result that a record tells, or undefined while it has no last line. */
export function resultOf(
  { setting, recipe, seed }: RunPlace,
  { header, steps, epochs, end }: RunRecord,
  beside: Pick<RunResult, "samplesPerSecond" | "recordPath">,
): RunResult | undefined {
  if (end === undefined || end.status === "interrupted") return undefined;
  return {
    setting,
    recipe,
    seed,
    status: end.status,
    finalMetrics: end.metrics,
    steps,
    epochs,
    facts: {
      model: header.model,
      data: header.data,
      kernels: header.kernels,
      command: header.command,
      roundoffVersion: header.roundoffVersion,
      nodeVersion: header.nodeVersion,
    },
    ...beside,
  };
}

async function speed(path: string): Promise<number | undefined> {
  if (!existsSync(path)) return undefined;
  return (await readTimings(path)).at(-1)?.samplesPerSecond;
}
