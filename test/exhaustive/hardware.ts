/**
 * The CPU's conversion instructions as one more implementation: compiles native/test/hardware_rounding.cpp and gives it
 * the oracle's runs. That file says where the instructions depart from the contract.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Runs } from "../oracle/runs.ts";
import type { RoundingRequest } from "../oracle/subjects.ts";

export interface HardwareResult {
  readonly instruction: string;
  /** Subnormal inputs that the instruction takes as zeros, by its definition. */
  readonly zeroed: number;
  readonly mismatches: number;
  readonly first: readonly string[];
}

/** The instruction that does what is asked, all of it: IEEE overflow is `infinity` for nearestEven. */
export function instructionFor({ format, mode, overflow }: RoundingRequest): string | undefined {
  if (mode !== "nearestEven" || overflow !== "infinity") return undefined;
  return { bf16: "vcvtneps2bf16", fp16: "vcvtps2ph" }[format.name];
}

/** The compiled program, or the reason why there is none. */
export function compileHardwareCheck(
  root: string,
): { readonly program: string } | { readonly reason: string } {
  if (process.arch !== "x64") return { reason: `no such instructions on ${process.arch}` };
  const folder = join(root, "build", "native-test");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "hardware_rounding");
  const source = join(root, "native", "test", "hardware_rounding.cpp");
  const flags = ["-std=c++20", "-O3", "-Wall", "-Wextra", source, "-o", program];
  const { status, error, stderr } = spawnSync(process.env.CXX ?? "g++", flags, { encoding: "utf8" });
  if (error !== undefined) return { reason: `no compiler: ${error.message}` };
  return status === 0 ? { program } : { reason: `does not compile: ${stderr.trim().split("\n")[0]}` };
}

/** All 2^32 inputs through one instruction; undefined if this CPU has none. @throws Error if the program fails. */
export function judgeHardware(
  program: string,
  instruction: string,
  mode: string,
  runs: Runs,
): HardwareResult | undefined {
  const pairs = new Uint32Array(2 * runs.firsts.length);
  runs.firsts.forEach((first, i) => {
    pairs[2 * i] = first;
    pairs[2 * i + 1] = runs.results[i];
  });
  const { status, stdout, stderr } = spawnSync(program, [instruction, mode], {
    input: new Uint8Array(pairs.buffer),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  const report = JSON.parse(stdout) as { available: boolean } & HardwareResult;
  return report.available ? { ...report, instruction } : undefined;
}
