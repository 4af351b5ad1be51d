/**
 * What a run writes down: the record, which is the same for equal runs, and beside it the timings, which are not. Opens
 * them anew or continues them after the step of a checkpoint.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HeaderLine, RecordLine, TimingLine } from "../runlog/schema.ts";
import { type LineWriter, openRecord, openTimings } from "../runlog/writer.ts";

export const RECORD_FILE = "run.jsonl";
export const TIMING_FILE = "timing.jsonl";

const SECONDS_BETWEEN_TIMINGS = 5;

export class Journal {
  private readonly record: LineWriter<RecordLine>;
  private readonly timings: LineWriter<TimingLine>;
  private examples = 0;
  private seconds = 0;
  private lastTiming = 0;

  private readonly continued: boolean;

  /** `afterStep` > 0 continues the files of `directory` after that step, if they are there. */
  constructor(directory: string, afterStep: number) {
    const path = join(directory, RECORD_FILE);
    this.continued = afterStep > 0 && existsSync(path);
    const how = this.continued ? { resumeAtStep: afterStep } : { replace: true };
    this.record = openRecord(path, how);
    const timingsThere = existsSync(join(directory, TIMING_FILE));
    try {
      this.timings = openTimings(join(directory, TIMING_FILE), timingsThere ? how : { replace: true });
    } catch (error) {
      this.record.close();
      throw error;
    }
  }

  /** Writes the header, unless the record has it already. Call it first. */
  begin(header: () => HeaderLine): void {
    if (!this.continued) this.record.write(header());
  }

  /** Examples per second of training since this process began, evaluation left out. */
  get samplesPerSecond(): number {
    return this.seconds === 0 ? 0 : this.examples / this.seconds;
  }

  write(line: RecordLine): void {
    this.record.write(line);
  }

  /** Counts the time of a step; writes it down now and then, and always when `last` of an epoch. */
  timed(step: number, examples: number, seconds: number, last: boolean): void {
    this.examples += examples;
    this.seconds += seconds;
    if (!last && this.seconds - this.lastTiming < SECONDS_BETWEEN_TIMINGS) return;
    this.lastTiming = this.seconds;
    const { samplesPerSecond } = this;
    this.timings.write({ type: "timing", step, seconds: this.seconds, samplesPerSecond });
  }

  /** Before a checkpoint: what the record says of its steps is on the disk. */
  sync(): void {
    this.record.sync();
  }

  close(): void {
    try {
      this.record.close();
    } finally {
      this.timings.close();
    }
  }
}
