/**
 * Timing of things that are compared with each other: all of them in every round, in turn, so that a machine that
 * slows down for a while slows all of them alike. Ratios of one run may be compared; times of two runs may not.
 */
import { cpus } from "node:os";
import { RoundoffError } from "../../base/errors.ts";

/** One thing to measure. `run` does the work once. */
export interface Candidate {
  readonly name: string;
  readonly run: () => Promise<void>;
  /** A part of `run` that is not to be counted: timed by itself in front of every run; its median is subtracted. */
  readonly overhead?: () => Promise<void>;
}

export interface Timing {
  readonly name: string;
  readonly medianMs: number;
  readonly bestMs: number;
}

export interface MeasureOptions {
  /** How often each candidate is timed; one more run before is not timed. */
  readonly rounds: number;
  readonly signal?: AbortSignal;
  readonly onRound?: (round: number) => void;
}

export async function measure(
  candidates: readonly Candidate[],
  { rounds, signal, onRound }: MeasureOptions,
): Promise<Timing[]> {
  const times = candidates.map((): { whole: number[]; spent: number[] } => ({ whole: [], spent: [] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { run, overhead }] of candidates.entries()) {
      if (signal?.aborted)
        throw new RoundoffError("INTERRUPTED", { what: "the measurement was interrupted" });
      const spent = overhead === undefined ? 0 : await millisecondsOf(overhead);
      const whole = await millisecondsOf(run);
      // Round 0 is for caches and the just-in-time compiler.
      if (round === 0) continue;
      times[i].whole.push(whole);
      times[i].spent.push(spent);
    }
    onRound?.(round);
  }
  return candidates.map(({ name }, i) => ({
    name,
    medianMs: Math.max(SHORTEST_MS, median(times[i].whole) - median(times[i].spent)),
    bestMs: Math.max(SHORTEST_MS, Math.min(...times[i].whole) - median(times[i].spent)),
  }));
}

/** What is left where the clock saw nothing. */
const SHORTEST_MS = 1e-6;

async function millisecondsOf(run: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** Of at least one number; the mean of the middle two when their count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly kernels: string;
  readonly threads: number;
}

/** What a measured number must be told with. */
export function describeMachine(kernels: string, threads: number): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    node: process.versions.node,
    kernels,
    threads,
  };
}
