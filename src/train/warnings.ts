/** What a run says of itself beside its numbers, as it stands in the record and is told to whoever watches. */
import { basename } from "node:path";
import type { SkippedInput } from "../data/loader.ts";
import type { WarningLine } from "../runlog/schema.ts";
import type { Checkpoint } from "./checkpoint.ts";

type Warning = Pick<WarningLine, "code" | "message">;

/** What is not as in an undisturbed run, after `step` steps on these kernels. */
export function resumeWarnings(
  { path, manifest, passedOver }: Checkpoint,
  { step, kernels }: { readonly step: number; readonly kernels: string },
): Warning[] {
  const damaged = passedOver.map(
    (reason): Warning => ({
      code: "checkpointDamaged",
      message: `${reason}; going on from step ${step}, "${basename(path)}"`,
    }),
  );
  if (manifest.kernels === kernels) return damaged;
  const bound = "from here on its bits are not those of a run on one kernel set";
  const message = `resumed after step ${step} on ${kernels}, begun on ${manifest.kernels}: ${bound}`;
  return [...damaged, { code: "kernelsChanged", message }];
}

/** One for each input that was left out. */
export function skippedWarnings(skipped: readonly SkippedInput[]): Warning[] {
  return skipped.map(({ name, reason }) => ({
    code: "inputSkipped",
    message: `${name} was left out: ${reason}`,
  }));
}
