/**
 * A short round of the fuzzing of the addon (`node test/fuzz/plans.mjs` and `node test/fuzz/bulk.mjs` are the long ones): whatever a
 * plan or a bulk call is given, it is refused or runs inside the arrays that it was given.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { backendInfo } from "../src/kernels/select.ts";

const native = backendInfo().kernelSets.find(({ name }) => name === "native")!;
const INPUTS = 5000;

it.skipIf(!native.available).each(["plans", "bulk"])(
  `%s never make the native kernels fail or write elsewhere${native.available ? "" : ` (skipped: ${native.reason})`}`,
  async (name) => {
    const program = fileURLToPath(new URL(`./fuzz/${name}.mjs`, import.meta.url));
    const options = ["--inputs", String(INPUTS), "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...options]).catch(
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
