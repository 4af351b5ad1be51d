/** The files of all checkpoints of a run, for tests that compare runs byte for byte. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Relative to the output directory, sorted. */
export function checkpointFiles(out: string): string[] {
  const steps = readdirSync(join(out, "checkpoints")).sort();
  return steps.flatMap((step) =>
    readdirSync(join(out, "checkpoints", step))
      .sort()
      .map((file) => join("checkpoints", step, file)),
  );
}
