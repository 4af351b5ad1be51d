/**
 * What a study reads of one run: a part of its record and timings, so that verdicts and reports can be worked out
 * again from the files of the runs. The truth of the fields is runlog/schema.ts; results.ts reads them from disk.
 */
import type { EndStatus, EpochLine, HeaderLine, StepLine } from "../runlog/schema.ts";

/** The facts of a run that a report must name. */
export type RunFacts = Pick<
  HeaderLine,
  "model" | "data" | "kernels" | "command" | "roundoffVersion" | "nodeVersion"
>;
/** Steps count from 1 over the whole run. */
export type StepPoint = Pick<StepLine, "step" | "loss" | "rounding" | "overflow">;
/** One for each epoch that was done, in order. */
export type EpochPoint = Pick<EpochLine, "testAccuracy">;

/** One run of a study: setting × recipe × seed. */
export interface RunResult {
  /** The id of the setting in the study. */
  readonly setting: string;
  readonly recipe: string;
  readonly seed: number;
  /** `interrupted` runs are left out of every figure. */
  readonly status: EndStatus;
  /** Metrics after the last epoch, by name, e.g. `testAccuracy`; may lack them when the run diverged. */
  readonly finalMetrics: Readonly<Record<string, number>>;
  readonly steps: readonly StepPoint[];
  readonly epochs: readonly EpochPoint[];
  readonly facts: RunFacts;
  /** Training speed, examples per second; absent without timings. */
  readonly samplesPerSecond?: number;
  /** Path of the run record relative to the report, with `/`. */
  readonly recordPath: string;
}
