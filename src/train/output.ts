/** The output directory of a run: made, locked, which proves it writable, and never silently written over. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import { type Lock, takeLock } from "../base/lock-file.ts";
import { unwritable } from "../base/unwritable.ts";
import { CHECKPOINTS } from "./checkpoint.ts";
import { RECORD_FILE } from "./journal.ts";

/** The file that names the process at work in an output directory. */
export const LOCK_FILE = ".lock";

/**
 * Throws OUTPUT_UNWRITABLE, LOCKED when another process works there, or INVALID_ARGUMENT when a run is there already and
 * `mayExist` is false. The lock is the only file made: what a process killed at this point leaves, the next one clears.
 */
export async function openOutput(directory: string, mayExist: boolean): Promise<Lock> {
  if (!mayExist && [RECORD_FILE, CHECKPOINTS].some((name) => existsSync(join(directory, name)))) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `"${directory}" holds a run already`,
      expected: "a new or empty output folder",
      hint: "Go on with --resume, or choose another --out.",
    });
  }
  try {
    await mkdir(directory, { recursive: true });
    return takeLock(join(directory, LOCK_FILE));
  } catch (cause) {
    if (cause instanceof RoundoffError && cause.code !== "OUTPUT_UNWRITABLE") throw cause;
    const reason = cause instanceof RoundoffError ? cause.cause : cause;
    throw unwritable(
      `cannot write to "${directory}"`,
      reason,
      "Choose another --out, or make room, or make the folder writable.",
    );
  }
}
