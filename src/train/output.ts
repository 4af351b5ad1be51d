/** The output directory of a run: made, proved writable, and never silently written over. */
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import { CHECKPOINTS } from "./checkpoint.ts";
import { RECORD_FILE } from "./journal.ts";

/** The file that names the process at work in an output directory. */
export const LOCK_FILE = ".lock";

/** Throws OUTPUT_UNWRITABLE, or INVALID_ARGUMENT when a run is there already and `mayExist` is false. */
export async function prepareOutput(directory: string, mayExist: boolean): Promise<void> {
  if (!mayExist && [RECORD_FILE, CHECKPOINTS].some((name) => existsSync(join(directory, name)))) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `"${directory}" holds a run already`,
      expected: "a new or empty output folder",
      hint: "Go on with --resume, or choose another --out.",
    });
  }
  const probe = join(directory, `.probe.${process.pid}`);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(probe, "");
    await rm(probe, { force: true });
  } catch (cause) {
    throw new RoundoffError("OUTPUT_UNWRITABLE", {
      what: `cannot write to "${directory}"`,
      received: (cause as NodeJS.ErrnoException).code ?? String(cause),
      hint: "Choose another --out, or make the folder writable.",
      cause,
    });
  }
}
