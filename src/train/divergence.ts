/**
 * Watches a run for the two ways in which it cannot go on: a loss that stays NaN or infinite, and updates that are skipped for
 * ever at one loss scale. Keeps a copy of the last finite state, so that the step in which it went wrong can be done again.
 */
import type { NonFiniteTensor } from "../runlog/schema.ts";
import type { NonFiniteProbe } from "./first-non-finite.ts";
import type { ModelState } from "./model-state.ts";
import type { StepResult } from "./train-step.ts";

/** So many steps in a row with a loss that is not a number end a run as diverged. */
export const DIVERGED_AFTER = 10;
/** So many steps in a row skipped at one loss scale, that is at the smallest one or a constant one. */
export const STUCK_AFTER = 20;
/** Steps between copies of the state: what may have to be done again. */
const STEPS_BETWEEN_COPIES = 64;

/** What a probe of one step needs from the run. */
export interface StepReplay {
  /** Brings batch, learning rate and clock of step `step` (from 0) into the arrays of the probe. */
  prepare(step: number): Promise<void>;
  readonly probe: NonFiniteProbe;
}

export class DivergenceWatch {
  nonFiniteSteps: number;
  stuckSteps: number;
  private lastScale = 0;
  private lastSkipped: number;
  private readonly state: ModelState;
  private copy: { step: number; arrays: Map<string, Float32Array> } | undefined;

  /** Continues the counts of a checkpoint; `skippedSteps` is the state's own count at that point. */
  constructor(state: ModelState, from: { nonFiniteSteps: number; stuckSteps: number; skippedSteps: number }) {
    this.state = state;
    this.nonFiniteSteps = from.nonFiniteSteps;
    this.stuckSteps = from.stuckSteps;
    this.lastSkipped = from.skippedSteps;
  }

  /** Before step `step`: copies the state now and then, while it is finite. */
  beforeStep(step: number): void {
    if (this.copy !== undefined && step % STEPS_BETWEEN_COPIES !== 0) return;
    if (this.nonFiniteSteps > 0 || this.stuckSteps > 0 || firstNonFiniteState(this.state) !== undefined)
      return;
    this.copy ??= { step, arrays: new Map([...this.state].map(([name, { data }]) => [name, data.slice()])) };
    this.copy.step = step;
    for (const [name, { data }] of this.state) this.copy.arrays.get(name)!.set(data);
  }

  /** After a step: whether the run cannot go on. */
  afterStep({
    loss,
    lossScale,
    skippedSteps,
  }: Pick<StepResult, "loss" | "lossScale" | "skippedSteps">): boolean {
    this.nonFiniteSteps = Number.isFinite(loss) ? 0 : this.nonFiniteSteps + 1;
    const stuck = skippedSteps > this.lastSkipped && (lossScale === this.lastScale || this.lastScale === 0);
    this.stuckSteps = stuck ? this.stuckSteps + 1 : 0;
    this.lastScale = lossScale;
    this.lastSkipped = skippedSteps;
    return this.hopeless;
  }

  get hopeless(): boolean {
    return this.nonFiniteSteps >= DIVERGED_AFTER || this.stuckSteps >= STUCK_AFTER;
  }

  /**
   * The step (from 1) and the tensor in which the run went wrong. Does steps again, and leaves the state as it was. `done` is
   * the number of steps taken.
   */
  async locate(done: number, replay: StepReplay): Promise<NonFiniteTensor | undefined> {
    const present = new Map([...this.state].map(([name, { data }]) => [name, data.slice()]));
    try {
      // The step that began the row of bad ones, or an earlier one that spoilt the state.
      const firstBad = done - Math.max(this.nonFiniteSteps, this.stuckSteps);
      const from = this.copy?.step ?? done - 1;
      if (this.copy !== undefined) this.write(this.copy.arrays);
      for (let step = from; step < done; step++) {
        await replay.prepare(step);
        const found = await replay.probe.run();
        const spoilt = firstNonFiniteState(this.state) !== undefined;
        if (found !== undefined && (spoilt || step >= firstBad)) return { step: step + 1, ...found };
      }
      return undefined;
    } finally {
      this.write(present);
    }
  }

  private write(arrays: ReadonlyMap<string, Float32Array>): void {
    for (const [name, { data }] of this.state) data.set(arrays.get(name)!);
  }
}

function firstNonFiniteState(state: ModelState): string | undefined {
  for (const [name, { data }] of state) {
    for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) return name;
  }
  return undefined;
}
