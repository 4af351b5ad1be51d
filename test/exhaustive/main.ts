/**
 * `npm run test:exhaustive`: every FP32 input against the oracle. One line for each format, mode, overflow rule and
 * implementation; exit code 1 if any bit differs. tools/test-exhaustive.mjs compiles this and runs it.
 */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { loadAddon } from "../../src/kernels/native-load.ts";
import type { Comparison } from "../oracle/compare.ts";
import { showMismatch } from "../oracle/compare.ts";
import { judgeSamples } from "../oracle/judge.ts";
import { runsOf } from "../oracle/runs.ts";
import { samplePatterns } from "../oracle/samples.ts";
import type { RoundingRequest } from "../oracle/subjects.ts";
import { nativeSubjects, referenceSubject } from "../oracle/subjects.ts";
import { compileHardwareCheck, instructionFor, judgeHardware } from "./hardware.ts";
import type { ExhaustiveOptions } from "./options.ts";
import { parseOptions, USAGE } from "./options.ts";
import type { Job } from "./sweep.ts";
import { sweep } from "./sweep.ts";

interface Line {
  readonly request: RoundingRequest;
  readonly subject: string;
  readonly inputs: number;
  readonly mismatches: number;
  readonly seconds: number;
  readonly shown: readonly string[];
  readonly remark?: string;
}

let failed = false;

function print({ request, subject, inputs, mismatches, seconds, shown, remark }: Line): void {
  const { format, mode, overflow } = request;
  const what = `${format.name} ${mode} ${overflow}`.padEnd(34);
  const counts = `${String(inputs).padStart(10)} inputs  ${mismatches} mismatches  ${seconds.toFixed(1)} s`;
  process.stdout.write(
    `${what} ${subject.padEnd(15)} ${counts}${remark === undefined ? "" : `  (${remark})`}\n`,
  );
  for (const mismatch of shown) process.stdout.write(`    ${mismatch}\n`);
  if (mismatches > 0) failed = true;
}

function lineOf(
  request: RoundingRequest,
  subject: string,
  inputs: number,
  start: number,
  c: Comparison,
): Line {
  const seconds = (performance.now() - start) / 1000;
  return { request, subject, inputs, mismatches: c.mismatches, seconds, shown: c.first.map(showMismatch) };
}

/** The reference cannot try everything: around every boundary, and strided over the whole domain. */
function judgeReference(request: RoundingRequest): void {
  const start = performance.now();
  const runs = runsOf({ ...request, rule: { mode: request.mode } });
  const patterns = samplePatterns(runs, { margin: 3, stride: 4093 });
  const comparison = judgeSamples(referenceSubject, request, runs, patterns);
  print(lineOf(request, "reference", patterns.length, start, comparison));
}

function judgeNative({ requests, tiers, step, build }: ExhaustiveOptions): void {
  const loaded = loadAddon(pathToFileURL(`${build}/`));
  if ("reason" in loaded) {
    process.stdout.write(`native kernels: ${loaded.reason}\n`);
    failed = true;
    return;
  }
  const subjects = nativeSubjects(loaded, tiers ?? loaded.addon.info().tiers.slice(-1));
  const jobs: Job[] = requests.flatMap((request) => {
    const runs = runsOf({ ...request, rule: { mode: request.mode } });
    return subjects.map((subject) => ({ subject, request, runs }));
  });
  sweep(jobs, step, showProgress).forEach(({ inputs, seconds, comparison }, i) => {
    const { subject, request } = jobs[i];
    const { mismatches, first } = comparison;
    print({ request, subject: subject.name, inputs, mismatches, seconds, shown: first.map(showMismatch) });
  });
}

function showProgress(share: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${(100 * share).toFixed(0)} %${share === 1 ? "\r     \r" : ""}`);
}

function judgeInstructions({ requests, build, step }: ExhaustiveOptions): void {
  const asked = requests.map((request) => ({ ...request, overflow: "infinity" as const }));
  const wanted = new Map(
    asked.flatMap((request) => {
      const instruction = instructionFor(request);
      return instruction === undefined ? [] : [[instruction, request] as const];
    }),
  );
  if (wanted.size === 0 || step > 1) return;
  const compiled = compileHardwareCheck(dirname(build));
  for (const [instruction, request] of wanted) {
    if ("program" in compiled) judgeInstruction(compiled.program, instruction, request);
    else process.stdout.write(`${instruction}: not run, ${compiled.reason}\n`);
  }
}

function judgeInstruction(program: string, instruction: string, request: RoundingRequest): void {
  const start = performance.now();
  const runs = runsOf({ ...request, rule: { mode: request.mode } });
  const result = judgeHardware(program, instruction, request.mode, runs);
  if (result === undefined) {
    process.stdout.write(`${instruction}: not run, this CPU does not have it\n`);
    return;
  }
  print({
    request,
    subject: instruction,
    inputs: 2 ** 32,
    mismatches: result.mismatches,
    seconds: (performance.now() - start) / 1000,
    shown: result.first,
    remark: result.zeroed > 0 ? `${result.zeroed} subnormal inputs taken as zeros, by definition` : undefined,
  });
}

if (process.argv.includes("--help")) {
  process.stdout.write(USAGE);
} else {
  const options = parseOptions(process.argv.slice(2));
  options.requests.forEach(judgeReference);
  judgeNative(options);
  judgeInstructions(options);
  if (failed) process.exitCode = 1;
}
