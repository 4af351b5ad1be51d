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
  const times = candidates.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { run }] of candidates.entries()) {
      if (signal?.aborted)
        throw new RoundoffError("INTERRUPTED", { what: "the measurement was interrupted" });
      const start = process.hrtime.bigint();
      await run();
      // Round 0 is for caches and the just-in-time compiler.
      if (round > 0) times[i].push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    onRound?.(round);
  }
  return candidates.map(({ name }, i) => ({
    name,
    medianMs: median(times[i]),
    bestMs: Math.min(...times[i]),
  }));
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
