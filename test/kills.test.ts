/**
 * SIGKILL at 50 random moments and file operations of a run, for each family of recipes: whatever is killed, what a run ends in
 * is byte for byte what it would have been. The longer form is `npm run test:kills`.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("./kills/run.mjs", import.meta.url));
const KILLS = 50;

interface KillReport {
  readonly kills: number;
  readonly completed: number;
  readonly failures: readonly string[];
  readonly killedIn: Readonly<Record<string, number>>;
}

describe.concurrent("a run that is killed again and again", () => {
  it.each(["fp32", "bf16", "fp16", "int16", "fp8"])(
    "ends in the bytes of the uninterrupted one: %s",
    async (recipe) => {
      const options = ["--kills", String(KILLS), "--recipe", recipe];
      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...options]).catch(
        (failed: { stdout: string }) => failed,
      );
      const [report] = JSON.parse(stdout) as KillReport[];
      expect(report.failures).toEqual([]);
      expect(report.kills).toBe(KILLS);
      expect(report.completed).toBeGreaterThan(0);
      expect(report.killedIn.checkpoint).toBeGreaterThan(0);
    },
    600_000,
  );
});
