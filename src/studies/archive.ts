/**
 * The records of a study in one compressed file, small enough to be kept beside it: whole records one after the other, each
 * from its header to its end. A run is found by the command in its header, which says all that determines it. Timings
 * are left out: they belong to the machine. Equal runs give equal bytes.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { RoundoffError } from "../base/errors.ts";
import { replaceFile } from "../base/replace-file.ts";
import { parseRecordLine, splitLines } from "../runlog/parse.ts";

export const ARCHIVE_FILE = "records.jsonl.gz";

/** Texts of records by the command of their run. */
export type Archive = ReadonlyMap<string, string>;

export const EMPTY_ARCHIVE: Archive = new Map();

/** Throws FILE_UNREADABLE or DATA_CORRUPT. */
export async function readArchive(path: string): Promise<Archive> {
  return parseArchive(() => readFileSync(path), path);
}

/** The records in the bytes that `read` gives; `path` is for messages. Throws as `readArchive` does. */
export function parseArchive(read: () => Uint8Array, path: string): Archive {
  return splitRecords(decompress(read, path), path);
}

function decompress(read: () => Uint8Array, path: string): string {
  try {
    return gunzipSync(read()).toString("utf8");
  } catch (cause) {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: `cannot read the archive of records "${path}"`,
      expected: `a file as a study writes it: ${ARCHIVE_FILE}`,
      received: (cause as Error).message,
      cause,
    });
  }
}

const HEADER_START = '{"type":"header"';

function splitRecords(text: string, path: string): Archive {
  const records = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const [index, line] of splitLines(text).lines.entries()) {
    if (line.startsWith(HEADER_START)) {
      const header = parseRecordLine(line, `${path}:${index + 1}`);
      current = [];
      if (header.type === "header") records.set(header.command, current);
    }
    if (current === undefined) {
      throw new RoundoffError("DATA_CORRUPT", {
        what: `"${path}" does not begin with the header of a record`,
      });
    }
    current.push(`${line}\n`);
  }
  return new Map([...records].map(([command, lines]) => [command, lines.join("")]));
}

/** Writes the records at `paths` that are there, and those of `known` beside them, in the order of their commands. */
export async function writeArchive(path: string, known: Archive, paths: readonly string[]): Promise<void> {
  const own = paths.filter((record) => existsSync(record)).map((record) => readFileSync(record, "utf8"));
  const records = new Map([...known, ...splitRecords(own.join(""), path)]);
  const commands = [...records.keys()].sort();
  await replaceFile(path, gzipSync(commands.map((command) => records.get(command)).join(""), { level: 9 }));
}
