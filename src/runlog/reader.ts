/**
 * Reads the run records and timings of finished, cut-off or still running runs from disk.
 * What the lines mean is in schema.ts; how they are checked is in parse.ts.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { unreadable } from "../base/errors.ts";
import type { RunRecord } from "./parse.ts";
import { parseRecord, parseTimings, splitLines } from "./parse.ts";
import type { TimingLine } from "./schema.ts";

/** The record at `path`. Throws FILE_UNREADABLE, or DATA_CORRUPT with the line's number. */
export async function readRecord(path: string): Promise<RunRecord> {
  return parseRecord(await readText(path), path);
}

/** The record at `path`, or undefined while not even its header is there: the run was stopped before it began. */
export async function readBegunRecord(path: string): Promise<RunRecord | undefined> {
  if (!existsSync(path)) return undefined;
  const text = await readText(path);
  return splitLines(text).lines.length === 0 ? undefined : parseRecord(text, path);
}

/** The timings at `path`, without a torn last line. Throws as `readRecord` does. */
export async function readTimings(path: string): Promise<TimingLine[]> {
  return parseTimings(await readText(path), path);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
