/**
 * All 2^32 FP32 inputs, window by window, through the native kernels, against the oracle. The outer loop is over the
 * windows, so that the inputs are written once for all requests. Prints nothing.
 */
import type { Comparison } from "../oracle/compare.ts";
import { mergeComparisons, NO_MISMATCH } from "../oracle/compare.ts";
import type { Window } from "../oracle/judge.ts";
import { createWindow, judgeWindow } from "../oracle/judge.ts";
import type { Runs } from "../oracle/runs.ts";
import type { RoundingRequest, Subject } from "../oracle/subjects.ts";

export interface Job {
  readonly subject: Subject;
  readonly request: RoundingRequest;
  readonly runs: Runs;
}

export interface JobResult {
  readonly inputs: number;
  readonly seconds: number;
  readonly comparison: Comparison;
}

/** Three arrays of this length stay in a second-level cache or near it. */
export const WINDOW = 2 ** 20;
const WINDOWS = 2 ** 32 / WINDOW;

/** One result for each job. `onWindow` hears of the share done, from 0 to 1. */
export function sweep(jobs: readonly Job[], step: number, onWindow: (share: number) => void): JobResult[] {
  const window = createWindow(WINDOW);
  const totals = jobs.map((job) => ({ job, inputs: 0, seconds: 0, comparison: NO_MISMATCH }));
  for (let index = 0; index < WINDOWS; index += step) {
    fillInputs(window, index * WINDOW);
    for (const total of totals) {
      const { subject, request, runs } = total.job;
      const start = performance.now();
      const comparison = judgeWindow(subject, request, runs, window);
      total.seconds += (performance.now() - start) / 1000;
      total.inputs += WINDOW;
      total.comparison = mergeComparisons(total.comparison, comparison);
    }
    onWindow((index + 1) / WINDOWS);
  }
  return totals;
}

function fillInputs({ inputs }: Window, first: number): void {
  for (let i = 0; i < inputs.length; i++) inputs[i] = first + i;
}
