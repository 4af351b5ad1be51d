/**
 * Writes run records and timings: every line goes to the file whole and at once, so that a killed run loses at most its
 * last line and a dashboard can follow. On resume, the file is cut back to the checkpoint's step, after which a resumed
 * run writes exactly what the uninterrupted one would have written.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { RoundoffError } from "../base/errors.ts";
import { encodeJson } from "./numbers.ts";
import { parseRecord, parseTimings, splitLines } from "./parse.ts";
import type { RecordLine, TimingLine } from "./schema.ts";

const LINE_END = 0x0a;

export interface LineWriter<Line> {
  /** Appends one line; it is in the file when this returns. Throws OUTPUT_UNWRITABLE. */
  write(line: Line): void;
  /** Waits until the disk has everything. Call it before saving a checkpoint of the same step. */
  sync(): void;
  close(): void;
}

export interface OpenOptions {
  /**
   * Continue an existing file after this step: the header and all lines up to and including it are kept, the rest,
   * any end line and a torn line are cut off.
   */
  readonly resumeAtStep?: number;
  /** Begin anew over an existing file, which is otherwise an error. */
  readonly replace?: boolean;
}

/**
 * Opens a run record. Throws OUTPUT_UNWRITABLE (also for a file that exists, unless told otherwise), and on resume
 * FILE_UNREADABLE or DATA_CORRUPT.
 */
export function openRecord(path: string, options: OpenOptions = {}): LineWriter<RecordLine> {
  return open(path, options, (content, lastStep) => {
    const { steps, epochs, warnings } = parseRecord(content, path);
    const upToStep = [...steps, ...epochs, ...warnings].filter(({ step }) => step <= lastStep);
    return 1 + upToStep.length;
  });
}

/** Opens a timing file. Throws as `openRecord` does. */
export function openTimings(path: string, options: OpenOptions = {}): LineWriter<TimingLine> {
  return open(path, options, (content, lastStep) => {
    const timings = parseTimings(content, path);
    return timings.filter(({ step }) => step <= lastStep).length;
  });
}

/** `linesToKeep` says how many of the lines of an existing file come no later than a step; steps never fall. */
function open<Line>(
  path: string,
  { resumeAtStep, replace = false }: OpenOptions,
  linesToKeep: (content: string, lastStep: number) => number,
): LineWriter<Line> {
  let position = 0;
  if (resumeAtStep !== undefined) {
    const content = readWholeLines(path);
    const kept = splitLines(content).lines.slice(0, linesToKeep(content, resumeAtStep));
    position = kept.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0);
  }
  const file = attempt(path, () => openSync(path, openFlags(resumeAtStep !== undefined, replace)));
  try {
    attempt(path, () => ftruncateSync(file, position));
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return {
    write: (line) => {
      const bytes = new TextEncoder().encode(`${encodeJson(line)}\n`);
      for (let done = 0; done < bytes.length; ) {
        const from = done;
        const written = attempt(path, () => writeSync(file, bytes, from, bytes.length - from, position));
        done += written;
        position += written;
      }
    },
    sync: () => attempt(path, () => fdatasyncSync(file)),
    close: () => attempt(path, () => closeSync(file)),
  };
}

/** Never "a": on Linux an appending file ignores the position of a write. */
function openFlags(resume: boolean, replace: boolean): string {
  if (resume) return "r+";
  return replace ? "w" : "wx";
}

function readWholeLines(path: string): string {
  try {
    const bytes = readFileSync(path);
    // Cut before decoding: a torn line may end within a character. Fatal: lengths are counted in the decoded text.
    const whole = bytes.subarray(0, bytes.lastIndexOf(LINE_END) + 1);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole);
  } catch (cause) {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: `cannot resume: ${path} cannot be read`,
      received: (cause as Error).message,
      cause,
    });
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw new RoundoffError("OUTPUT_UNWRITABLE", {
      what: `cannot write ${path}`,
      received: exists ? "a file that exists already" : (cause as Error).message,
      hint: exists ? "Resume that run, or write to another directory" : undefined,
      cause,
    });
  }
}
