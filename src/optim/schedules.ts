/**
 * Learning-rate schedules as a run's configuration says them: plain data, and the pure function of the step that it means.
 * A resumed run needs no state of them. The formulas of all but the first three are in schedules/.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";
import {
  cosineRestarts,
  exponential,
  inverse,
  oneCycle,
  polynomial,
  type Schedule,
} from "./schedules/classic.ts";
import { type CyclicPolicy, cyclic } from "./schedules/cyclic.ts";

/**
 * `constant`; `cosine`: half a cosine down to 0 at the last step; `steps`: times `factor` at the start of each epoch
 * listed (counted from 0); and those with settings by name. All may start with a linear warm-up.
 */
export type ScheduleConfig =
  | { readonly kind: "constant" | "cosine"; readonly warmupSteps: number }
  | {
      readonly kind: "steps";
      readonly warmupSteps: number;
      readonly epochs: readonly number[];
      readonly factor: number;
    }
  | SettledSchedule;

export interface SettledSchedule {
  readonly kind: SettledKind;
  readonly warmupSteps: number;
  readonly settings: Readonly<Record<string, number>>;
}

export interface ScheduleLength {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

type Numbers = Readonly<Record<string, number>>;

interface SettledEntry {
  /** Settings by name with their defaults; undefined: one that must be given. */
  readonly settings: Readonly<Record<string, number | undefined>>;
  /** The schedule over so many steps, from the end of the warm-up to that of the run. */
  readonly schedule: (peak: number, settings: Numbers, steps: number) => Schedule;
}

/** A policy of LRBench between the peak (k0) and k1. */
const policy = (name: CyclicPolicy, settings: SettledEntry["settings"]): SettledEntry => ({
  settings: { k1: 0, ...settings },
  schedule: (k0, given) => cyclic(name, { ...given, k0 }),
});

const SETTLED = {
  exponential: {
    settings: { gamma: undefined },
    schedule: (peak, { gamma }) => exponential(peak, { gamma }),
  },
  inverse: {
    settings: { gamma: undefined, power: 1 },
    schedule: (peak, { gamma, power }) => inverse(peak, { gamma, power }),
  },
  polynomial: {
    settings: { power: 1, end: 0 },
    schedule: (peak, { power, end }, steps) => polynomial(peak, { steps, power, end }),
  },
  cosineRestarts: {
    settings: { period: undefined, factor: 1, end: 0 },
    schedule: (peak, { period, factor, end }) => cosineRestarts(peak, { period, factor, end }),
  },
  oneCycle: {
    settings: { pctStart: 0.3, divFactor: 25, finalDivFactor: 1e4 },
    schedule: (peak, { pctStart, divFactor, finalDivFactor }, steps) =>
      oneCycle(peak, { steps, pctStart, divFactor, finalDivFactor }),
  },
  TRI: policy("TRI", { l: undefined }),
  TRI2: policy("TRI2", { l: undefined }),
  TRIEXP: policy("TRIEXP", { l: undefined, gamma: undefined }),
  SIN: policy("SIN", { l: undefined }),
  SIN2: policy("SIN2", { l: undefined }),
  SINEXP: policy("SINEXP", { l: undefined, gamma: undefined }),
  COS: policy("COS", { l: undefined }),
} as const satisfies Record<string, SettledEntry>;

export type SettledKind = keyof typeof SETTLED;

const PLAIN_KINDS = ["constant", "cosine", "steps"] as const;
export const SCHEDULE_KINDS: readonly ScheduleConfig["kind"][] = [
  ...PLAIN_KINDS,
  ...(Object.keys(SETTLED) as SettledKind[]),
];

/** The schedule of that name. Throws UNKNOWN_NAME. */
export function scheduleKind(name: string): ScheduleConfig["kind"] {
  const found = SCHEDULE_KINDS.find((kind) => kind === name);
  if (found === undefined) throw unknownName("schedule", name, SCHEDULE_KINDS);
  return found;
}

export function isSettled(kind: ScheduleConfig["kind"]): kind is SettledKind {
  return kind in SETTLED;
}

/** Refuses settings that a schedule does not have or that are no numbers above 0, and the lack of one that it needs. */
export function checkSchedule(config: ScheduleConfig): void {
  if (!("settings" in config)) return;
  const { settings: known }: SettledEntry = SETTLED[config.kind];
  for (const [name, value] of Object.entries(config.settings)) {
    if (!(name in known))
      throw unknownName(`setting of the schedule ${config.kind}`, name, Object.keys(known));
    const holds = known[name] === 0 ? value >= 0 : value > 0;
    if (!holds || value === Infinity) throw badSetting(config.kind, name, `${value}`);
  }
  for (const [name, fallback] of Object.entries(known)) {
    if (fallback === undefined && config.settings[name] === undefined)
      throw badSetting(config.kind, name, "nothing");
  }
}

function badSetting(kind: string, name: string, received: string): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: `the schedule ${kind} cannot work with its ${name}`,
    expected: "a number above 0",
    received,
  });
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
  const remaining = Math.max(1, totalSteps - warmupSteps);
  switch (config.kind) {
    case "constant":
      return peak;
    case "cosine": {
      const progress = (step - warmupSteps) / remaining;
      return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
    }
    case "steps": {
      const epoch = Math.floor(step / stepsPerEpoch);
      return peak * config.factor ** config.epochs.filter((start) => start <= epoch).length;
    }
    default: {
      const { settings, schedule }: SettledEntry = SETTLED[config.kind];
      return schedule(peak, { ...settings, ...config.settings } as Numbers, remaining)(step - warmupSteps);
    }
  }
}
