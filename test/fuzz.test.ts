/**
 * A short round of the fuzzing of every reader; `npm run fuzz` is the long one. Whatever the bytes, a reader gives a result or a
 * RoundoffError, in time and within its bound of memory.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("./fuzz/run.mjs", import.meta.url));
const INPUTS = 3000;

interface FuzzReport {
  readonly reader: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failures: readonly string[];
}

it("no reader fails on damaged files in another way than it should", async () => {
  const options = ["--inputs", String(INPUTS), "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...options]).catch(
    (failed: { stdout: string }) => failed,
  );
  const reports = JSON.parse(stdout) as FuzzReport[];
  expect(reports.length).toBeGreaterThanOrEqual(20);
  for (const { reader, inputs, accepted, refused, failures } of reports) {
    expect(failures, reader).toEqual([]);
    expect(inputs).toBe(INPUTS);
    // Fuzzing that never gets past the first check, or never damages anything, would show nothing.
    expect(Math.min(accepted, refused), reader).toBeGreaterThan(INPUTS / 100);
  }
});
