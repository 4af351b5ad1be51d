/**
 * A short round of the fuzzing of the addon's plans (`node test/fuzz/plans.mjs` is the long one): whatever numbers a plan holds, it
 * is refused or runs inside the arrays that it was given.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { backendInfo } from "../src/kernels/select.ts";

const native = backendInfo().kernelSets.find(({ name }) => name === "native")!;
const PROGRAM = fileURLToPath(new URL("./fuzz/plans.mjs", import.meta.url));
const INPUTS = 5000;

it.skipIf(!native.available)(
  `no plan makes the native kernels fail or write elsewhere${native.available ? "" : ` (skipped: ${native.reason})`}`,
  async () => {
    const options = ["--inputs", String(INPUTS), "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...options]).catch(
      (failed: { stdout: string }) => failed,
    );
    const report = JSON.parse(stdout) as {
      inputs: number;
      accepted: number;
      refused: number;
      failures: string[];
    };
    expect(report.failures).toEqual([]);
    expect(report.inputs).toBeGreaterThan(0.9 * INPUTS);
    expect(Math.min(report.accepted, report.refused)).toBeGreaterThan(INPUTS / 20);
  },
);
