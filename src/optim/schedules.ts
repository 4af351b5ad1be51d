/** Learning-rate schedules: pure functions of the step, so that a resumed run needs no state of them. */

/**
 * `constant`; `cosine`: half a cosine down to 0 at the last step; `steps`: times `factor` at the start of each epoch
 * listed (counted from 0). All may start with a linear warm-up.
 */
export type ScheduleConfig =
  | { readonly kind: "constant" | "cosine"; readonly warmupSteps: number }
  | {
      readonly kind: "steps";
      readonly warmupSteps: number;
      readonly epochs: readonly number[];
      readonly factor: number;
    };

export interface ScheduleLength {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/** The learning rate of `step` (from 0) in a run of the given length, with `peak` as the largest. */
export function learningRateAt(
  config: ScheduleConfig,
  peak: number,
  step: number,
  { totalSteps, stepsPerEpoch }: ScheduleLength,
): number {
  const { warmupSteps } = config;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  switch (config.kind) {
    case "constant":
      return peak;
    case "cosine": {
      const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
      return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
    }
    case "steps": {
      const epoch = Math.floor(step / stepsPerEpoch);
      return peak * config.factor ** config.epochs.filter((start) => start <= epoch).length;
    }
  }
}
