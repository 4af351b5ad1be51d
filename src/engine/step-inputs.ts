/**
 * What the host writes into a training step before it runs: learning rates, loss scale, and the clock of everything random.
 * Knows no models: the scale is read off the run's state.
 */
import { learningRateName } from "../optim/append-update.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { initialScale, LOSS_SCALE_SEED, LOSS_SCALE_STATE, raiseToFloor } from "../precision/loss-scaling.ts";
import type { LossScaling } from "../precision/recipe.ts";
import { splitSeed } from "../random/streams.ts";
import type { BoundPlan } from "./bound-plan.ts";
import type { ModelState } from "./training-state.ts";

export interface StepInputOptions {
  readonly optimizer: Optimizer;
  readonly lossScaling?: LossScaling;
  readonly state: ModelState;
  readonly seed: number | bigint;
}

/** Where in a run a step stands. */
export interface StepPlace {
  /** Updates done: what schedules count. */
  readonly step: number;
  /** What random streams count, where that is not the updates. */
  readonly clock?: number;
  /** Micro-batches that share an update: each has so large a part of its gradient. Default 1. */
  readonly accumulate?: number;
  /** Instead of the optimizer's. */
  readonly learningRate?: number;
}

/** What was written. */
export interface WrittenInputs {
  /** Of the optimizer's own settings, not of a group of parameters. */
  readonly learningRate: number;
  /** The factor that the loss of this step is multiplied by; 1 without scaling. */
  readonly lossScale: number;
}

const NO_SCALING: LossScaling = { kind: "none" };

export class StepInputs {
  /** [seedLow, seedHigh, step]: the plans of the run share it. */
  readonly clock: Int32Array;
  private readonly options: StepInputOptions;

  constructor(options: StepInputOptions) {
    const [seedLow, seedHigh] = splitSeed(options.seed);
    this.options = options;
    this.clock = new Int32Array([seedLow, seedHigh, 0]);
  }

  write(plan: BoundPlan, { step, clock = step, accumulate = 1, learningRate }: StepPlace): WrittenInputs {
    const { optimizer, lossScaling = NO_SCALING, state } = this.options;
    const rateOf = (group: number) => learningRate ?? optimizer.learningRate(group, step);
    raiseToFloor(lossScaling, state.get(LOSS_SCALE_STATE)?.data, step);
    const { lossScale } = this;
    this.clock[2] = clock;
    for (let group = 0; group <= optimizer.groups.length; group++)
      plan.writeScalar(learningRateName(group), rateOf(group));
    plan.writeScalar(LOSS_SCALE_SEED, lossScale / accumulate);
    return { learningRate: rateOf(0), lossScale };
  }

  /** As the state says it now. */
  get lossScale(): number {
    const { lossScaling = NO_SCALING, state } = this.options;
    return state.get(LOSS_SCALE_STATE)?.data[0] ?? initialScale(lossScaling);
  }

  /** Steps skipped so far because a gradient was not finite. */
  get skippedSteps(): number {
    return this.options.state.get(LOSS_SCALE_STATE)?.data[2] ?? 0;
  }
}
