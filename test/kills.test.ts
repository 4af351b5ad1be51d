/**
 * SIGKILL at 50 random moments and file operations of a run, for each family of recipes, and at a few of a study, an export and a
 * fetch: whatever is killed, what is there in the end is byte for byte what an undisturbed one leaves, and nothing else is. The longer
 * form is `npm run test:kills`.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("./kills/run.mjs", import.meta.url));

interface KillReport {
  readonly kills: number;
  readonly completed: number;
  readonly failures: readonly string[];
  readonly killedIn: Readonly<Record<string, number>>;
}

async function killed(subject: string, kills: number): Promise<KillReport> {
  const options = ["--kills", String(kills), "--subject", subject];
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...options]).catch(
    (failed: { stdout: string }) => failed,
  );
  const [report] = JSON.parse(stdout) as KillReport[];
  return report;
}

describe.concurrent("what is killed again and again", () => {
  it.each(["fp32", "bf16", "fp16", "int16", "fp8"])(
    "ends in the bytes of the uninterrupted run: %s",
    async (recipe) => {
      const { failures, kills, completed, killedIn } = await killed(recipe, 50);
      expect(failures).toEqual([]);
      expect(kills).toBe(50);
      expect(completed).toBeGreaterThan(0);
      expect(killedIn.checkpoints).toBeGreaterThan(0);
    },
    600_000,
  );

  it.each(["study", "export", "fetch"])(
    "leaves what an undisturbed one leaves: %s",
    async (subject) => {
      expect(await killed(subject, 16)).toMatchObject({ failures: [], kills: 16 });
    },
    600_000,
  );
});
