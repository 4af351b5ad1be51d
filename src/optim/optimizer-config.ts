/**
 * An optimizer as a run's configuration says it: plain data that goes into records and checkpoints as it is, its defaults,
 * the check of its settings, and the optimizer that it means. Knows nothing of where the data come from.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";
import { type Optimizer, type ParameterGroup, type SharedOptions, withoutDecay } from "./optimizer.ts";
import { Adagrad, Adam, AdamW, LAMB, LARS, RMSprop, SGD } from "./optimizers.ts";
import { checkSchedule, learningRateAt, type ScheduleConfig, type ScheduleLength } from "./schedules.ts";

export interface OptimizerConfig {
  /** Absent: `sgd`. Runs had no other once, and keep their bytes. */
  readonly kind?: OptimizerKind;
  /** The peak of the schedule. */
  readonly learningRate: number;
  /** Only of an optimizer that has one. */
  readonly momentum?: number;
  readonly weightDecay: number;
  readonly schedule: ScheduleConfig;
  /** What else the optimizer can be told, by name; its own defaults hold for the rest. */
  readonly settings?: Readonly<Record<string, number>>;
}

type Numbers = Readonly<Record<string, number | undefined>>;
type Range = keyof typeof RANGES;

const RANGES = {
  fraction: { text: "a number of at least 0 and below 1", holds: (x: number) => x >= 0 && x < 1 },
  positive: { text: "a number above 0", holds: (x: number) => x > 0 && x < Infinity },
  notNegative: { text: "a number of at least 0", holds: (x: number) => x >= 0 && x < Infinity },
  flag: { text: "0 or 1", holds: (x: number) => x === 0 || x === 1 },
} as const;

/** `decayBiases=0`: biases and the parameters of norms are not decayed (under LARS: nor adapted). */
const SHARED: Readonly<Record<string, Range>> = {
  clipNorm: "positive",
  clipValue: "positive",
  decayBiases: "flag",
};
const MOMENTS: Readonly<Record<string, Range>> = { beta1: "fraction", beta2: "fraction", eps: "positive" };

interface Entry {
  /** Of a run that names only the optimizer; `momentum` stands where it has one. */
  readonly defaults: Readonly<Pick<OptimizerConfig, "learningRate" | "momentum" | "weightDecay">>;
  readonly settings: Readonly<Record<string, Range>>;
  readonly make: (
    shared: SharedOptions & { groups?: ParameterGroup<SharedOptions>[] },
    settings: Numbers,
  ) => Optimizer;
}

const flag = (value: number | undefined): boolean => value === 1;
const betas = ({ beta1 = 0.9, beta2 = 0.999 }: Numbers): [number, number] => [beta1, beta2];

const ENTRIES = {
  sgd: {
    defaults: { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 },
    settings: { dampening: "fraction", nesterov: "flag" },
    make: (shared, { momentum, dampening, nesterov }) =>
      new SGD({ ...shared, momentum, dampening, nesterov: flag(nesterov) }),
  },
  adam: {
    defaults: { learningRate: 1e-3, weightDecay: 0 },
    settings: { ...MOMENTS, amsgrad: "flag" },
    make: (shared, given) =>
      new Adam({ ...shared, betas: betas(given), eps: given.eps, amsgrad: flag(given.amsgrad) }),
  },
  adamw: {
    defaults: { learningRate: 1e-3, weightDecay: 0.01 },
    settings: { ...MOMENTS, amsgrad: "flag" },
    make: (shared, given) =>
      new AdamW({ ...shared, betas: betas(given), eps: given.eps, amsgrad: flag(given.amsgrad) }),
  },
  rmsprop: {
    defaults: { learningRate: 1e-2, momentum: 0, weightDecay: 0 },
    settings: { alpha: "fraction", eps: "positive", centered: "flag" },
    make: (shared, { momentum, alpha, eps, centered }) =>
      new RMSprop({ ...shared, momentum, alpha, eps, centered: flag(centered) }),
  },
  adagrad: {
    defaults: { learningRate: 1e-2, weightDecay: 0 },
    settings: { lrDecay: "notNegative", eps: "positive", initialAccumulatorValue: "notNegative" },
    make: (shared, { lrDecay, eps, initialAccumulatorValue }) =>
      new Adagrad({ ...shared, lrDecay, eps, initialAccumulatorValue }),
  },
  lars: {
    defaults: { learningRate: 1e-2, momentum: 0.9, weightDecay: 5e-4 },
    settings: { trustCoefficient: "positive", eps: "positive", nesterov: "flag" },
    make: ({ groups = [], ...shared }, { momentum, trustCoefficient, eps, nesterov }) =>
      new LARS({
        ...shared,
        groups: groups.map((group) => ({ ...group, adapt: false })),
        momentum,
        trustCoefficient,
        eps,
        nesterov: flag(nesterov),
      }),
  },
  lamb: {
    defaults: { learningRate: 1e-3, weightDecay: 0.01 },
    settings: MOMENTS,
    make: (shared, given) => new LAMB({ ...shared, betas: betas(given), eps: given.eps }),
  },
} as const satisfies Record<string, Entry>;

export type OptimizerKind = keyof typeof ENTRIES;
export const OPTIMIZER_KINDS = Object.keys(ENTRIES) as readonly OptimizerKind[];

const entryOf = (kind: OptimizerKind = "sgd"): Entry => ENTRIES[kind];

/** The optimizer of that name. Throws UNKNOWN_NAME. */
export function optimizerKind(name: string): OptimizerKind {
  const found = OPTIMIZER_KINDS.find((kind) => kind === name);
  if (found === undefined) throw unknownName("optimizer", name, OPTIMIZER_KINDS);
  return found;
}

/** What holds when nothing is said but the name. */
export function optimizerDefaults(kind?: OptimizerKind): Entry["defaults"] {
  return entryOf(kind).defaults;
}

/** Refuses what the optimizer or its schedule cannot be told. Throws INVALID_ARGUMENT or UNKNOWN_NAME. */
export function checkOptimizer(config: OptimizerConfig): void {
  const { kind = "sgd", learningRate, momentum, weightDecay, settings = {} } = config;
  const entry = entryOf(kind);
  requireRange("learningRate", learningRate, "positive");
  requireRange("weightDecay", weightDecay, "notNegative");
  if (momentum !== undefined) {
    if (entry.defaults.momentum === undefined) throw noMomentum(kind, momentum);
    requireRange("momentum", momentum, "fraction");
  }
  const known = { ...SHARED, ...entry.settings };
  for (const [name, value] of Object.entries(settings)) {
    if (known[name] === undefined)
      throw unknownName(`setting of the optimizer ${kind}`, name, Object.keys(known));
    requireRange(name, value, known[name]);
  }
  checkSchedule(config.schedule);
}

/** The optimizer with the schedule of a run of that length. */
export function createOptimizer(config: OptimizerConfig, length: ScheduleLength): Optimizer {
  const { kind, learningRate, momentum, weightDecay, schedule, settings = {} } = config;
  const { clipNorm, clipValue, decayBiases = 1, ...own }: Numbers = settings;
  const lr = (step: number) => learningRateAt(schedule, learningRate, step, length);
  const groups = decayBiases === 0 ? [withoutDecay] : [];
  return entryOf(kind).make({ lr, weightDecay, clipNorm, clipValue, groups }, { momentum, ...own });
}

function requireRange(name: string, value: number, range: Range): void {
  const { text, holds } = RANGES[range];
  if (holds(value)) return;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `${name} is out of range`,
    expected: text,
    received: String(value),
  });
}

function noMomentum(kind: OptimizerKind, momentum: number): RoundoffError {
  const { settings } = entryOf(kind);
  return new RoundoffError("INVALID_ARGUMENT", {
    what: `the optimizer ${kind} has no momentum`,
    received: String(momentum),
    hint: settings.beta1 === undefined ? "Leave it out." : "Its beta1 is what comes nearest.",
  });
}
