/**
 * A study as data: the question, the settings (model, epochs, optimizer), the recipes and seeds to train in each, and
 * the margin that is stated before the run. `parseStudySpec` reads a study file. Knows nothing of how runs are made:
 * whether a model, recipe or data set of that name exists is for the runner to say.
 */
import { OPTIMIZER_KINDS, type OptimizerConfig, optimizerDefaults } from "../optim/optimizer-config.ts";
import { isSettled, SCHEDULE_KINDS, type ScheduleConfig } from "../optim/schedules.ts";
import { BATCH_ORDERS, type BatchOrder } from "../train/config.ts";
import type { Check, JsonObject } from "./checked-json.ts";
import {
  distinctList,
  fieldError,
  name,
  number,
  objectOf,
  oneOf,
  tableOf,
  text,
  whole,
} from "./checked-json.ts";

/** What a finished study can say of a recipe in one setting; the rules are in verdict.ts. */
export const VERDICTS = ["equivalent", "worse", "better", "not shown"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The metrics a study can judge by: fractions in 0..1 where more is better. */
export const METRICS = ["testAccuracy"] as const;
export type Metric = (typeof METRICS)[number];

/** A recipe with options, or trained in another way: what a name among the recipes of a setting stands for. */
export interface Variant {
  /** A recipe's name, with options if it has any: `fp8:scale=1000`. */
  readonly recipe: string;
  readonly batchOrder?: BatchOrder;
  /** Added to the seed: another start and other batches than the baseline it is paired with. */
  readonly seedOffset?: number;
}

/** One training set-up in which every recipe, the baseline included, is run with every seed. */
export interface StudySetting {
  /** Part of file names; unique in the study. */
  readonly id: string;
  readonly title: string;
  readonly model: string;
  readonly modelOptions: Readonly<Record<string, number>>;
  readonly data: string;
  /** Examples used; all of the data set when absent. */
  readonly trainLimit?: number;
  readonly testLimit?: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerConfig;
  /** As in TrainConfig: how often the record says what roundings lost. */
  readonly telemetryEvery?: number;
  /** Names of recipes or variants. */
  readonly recipes: readonly string[];
  /** Verdicts that were predicted before the run, by recipe; the report says which came true. */
  readonly expected: Readonly<Record<string, Verdict>>;
}

/** How trajectories are judged. */
export interface TrajectorySpec {
  /** The control whose distance from the baseline is the yardstick. */
  readonly control: string;
  /** Equivalent: the ratio to the control's distance lies between 1/factor and factor. Above 1. */
  readonly factor: number;
}

export interface StudySpec {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly seeds: readonly number[];
  /** The recipe every gap is measured from; it is among the recipes of every setting. */
  readonly baseline: string;
  readonly metric: Metric;
  /** The equivalence margin, absolute, in units of the metric: 0.01 is one point of accuracy. */
  readonly margin: number;
  /** The metric of a model that guesses. */
  readonly chance: number;
  readonly variants: Readonly<Record<string, Variant>>;
  /** Set where the study also judges how far losses stray from the baseline's, step by step. */
  readonly trajectory?: TrajectorySpec;
  readonly settings: readonly StudySetting[];
}

/** What `name` among the recipes of a setting stands for. */
export function variantOf({ variants }: Pick<StudySpec, "variants">, name: string): Variant {
  return Object.hasOwn(variants, name) ? variants[name] : { recipe: name };
}

/** Whether `name` is the baseline's recipe trained in another way: what it shows beside the baseline is chance. */
export function isControl(spec: Pick<StudySpec, "variants" | "baseline">, name: string): boolean {
  return name !== spec.baseline && variantOf(spec, name).recipe === variantOf(spec, spec.baseline).recipe;
}

const SHARED_FIELDS = [
  "model",
  "modelOptions",
  "data",
  "trainLimit",
  "testLimit",
  "epochs",
  "batchSize",
  "optimizer",
  "telemetryEvery",
  "recipes",
  "expected",
] as const;
const SETTING_FIELDS = ["id", "title", ...SHARED_FIELDS] as const;
const STUDY_FIELDS = [
  "name",
  "title",
  "question",
  "seeds",
  "baseline",
  "metric",
  "margin",
  "chance",
  "variants",
  "trajectory",
  "settings",
  ...SHARED_FIELDS,
] as const;

const fraction = number("a number above 0 and below 1", (value) => value > 0 && value < 1);
const notNegative = number("a number of at least 0", (value) => value >= 0);

/**
 * Checks parsed JSON and gives the study it describes. `where` is the root of the paths in messages, e.g.
 * `studies.quick`. A field of a setting may stand in the study itself and then holds for every setting that does not
 * say otherwise; a study without `settings` is one setting with the id `main`. Throws INVALID_ARGUMENT or UNKNOWN_NAME.
 */
export function parseStudySpec(json: unknown, where: string): StudySpec {
  const study = objectOf(json, where, STUDY_FIELDS);
  const baseline = name(study.baseline ?? "fp32", `${where}.baseline`);
  return {
    name: name(study.name, `${where}.name`),
    title: text(study.title, `${where}.title`),
    question: text(study.question, `${where}.question`),
    seeds: distinctList(whole(0))(study.seeds, `${where}.seeds`),
    baseline,
    metric: oneOf(METRICS)(study.metric ?? "testAccuracy", `${where}.metric`),
    margin: fraction(study.margin, `${where}.margin`),
    chance: number("a number of at least 0 and below 1", (v) => v >= 0 && v < 1)(
      study.chance,
      `${where}.chance`,
    ),
    variants: parseVariants(study.variants ?? {}, `${where}.variants`),
    ...(study.trajectory !== undefined && {
      trajectory: parseTrajectory(study.trajectory, `${where}.trajectory`),
    }),
    settings: parseSettings(study, where, baseline),
  };
}

/** Names that are free to choose; what each stands for is a recipe's text, or an object with more. */
function parseVariants(value: unknown, path: string): Readonly<Record<string, Variant>> {
  const variants = tableOf(parseVariant)(value, path);
  for (const key of Object.keys(variants)) name(key, `${path}, a name`);
  return variants;
}

const parseVariant: Check<Variant> = (value, path) => {
  if (typeof value === "string") return { recipe: text(value, path) };
  const fields = objectOf(value, path, ["recipe", "batchOrder", "seedOffset"]);
  return {
    recipe: text(fields.recipe, `${path}.recipe`),
    batchOrder: optional(oneOf(BATCH_ORDERS))(fields.batchOrder, `${path}.batchOrder`),
    seedOffset: optional(whole(1))(fields.seedOffset, `${path}.seedOffset`),
  };
};

const parseTrajectory: Check<TrajectorySpec> = (value, path) => {
  const fields = objectOf(value, path, ["control", "factor"]);
  return {
    control: name(fields.control, `${path}.control`),
    factor: number("a number above 1", (factor) => factor > 1)(fields.factor, `${path}.factor`),
  };
};

function parseSettings(study: JsonObject, where: string, baseline: string): readonly StudySetting[] {
  const path = `${where}.settings`;
  const listed = study.settings ?? [{ id: "main", title: "Results" }];
  if (!Array.isArray(listed) || listed.length === 0)
    throw fieldError(path, "a list with at least one setting", listed);
  const settings = listed.map((item: unknown, i) =>
    parseSetting({
      own: objectOf(item, `${path}[${i}]`, SETTING_FIELDS),
      ownPath: `${path}[${i}]`,
      study,
      where,
    }),
  );
  settings.forEach((setting, i) => {
    if (settings.findIndex((other) => other.id === setting.id) !== i)
      throw fieldError(`${path}[${i}].id`, "an id that no other setting has", setting.id);
    if (!setting.recipes.includes(baseline))
      throw fieldError(
        `${path}[${i}].recipes`,
        `the baseline "${baseline}" among the recipes`,
        setting.recipes,
        "Every setting trains its own baseline, with the same optimizer and seeds.",
      );
  });
  return settings;
}

interface SettingSource {
  readonly own: JsonObject;
  readonly ownPath: string;
  readonly study: JsonObject;
  readonly where: string;
}

function parseSetting(source: SettingSource): StudySetting {
  const { own, ownPath } = source;
  const field = fieldReader(source);
  const recipes = field("recipes", distinctList(name));
  const expected = field("expected", tableOf(oneOf(VERDICTS)), {});
  for (const recipe of Object.keys(expected)) {
    if (!recipes.includes(recipe))
      throw fieldError(`${ownPath}.expected`, `recipes of this setting (${recipes.join(", ")})`, recipe);
  }
  return {
    id: name(own.id, `${ownPath}.id`),
    title: text(own.title, `${ownPath}.title`),
    model: field("model", name),
    modelOptions: field("modelOptions", tableOf(number("a finite number", () => true)), {}),
    data: field("data", name),
    trainLimit: field("trainLimit", optional(whole(1)), undefined),
    testLimit: field("testLimit", optional(whole(1)), undefined),
    epochs: field("epochs", whole(1)),
    batchSize: field("batchSize", whole(1)),
    optimizer: field("optimizer", parseOptimizer),
    telemetryEvery: field("telemetryEvery", optional(whole(1)), undefined),
    recipes,
    expected,
  };
}

/** Reads a field of the setting, else of the study, else the fallback; the path in a message says which it was. */
function fieldReader({ own, ownPath, study, where }: SettingSource) {
  return <T>(key: (typeof SHARED_FIELDS)[number], check: Check<T>, ...fallback: T[]): T => {
    if (own[key] !== undefined) return check(own[key], `${ownPath}.${key}`);
    if (study[key] !== undefined) return check(study[key], `${where}.${key}`);
    return fallback.length > 0 ? fallback[0] : check(undefined, `${ownPath}.${key}`);
  };
}

function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

const OPTIMIZER_FIELDS = ["kind", "learningRate", "momentum", "weightDecay", "schedule", "settings"] as const;

const parseOptimizer: Check<OptimizerConfig> = (value, path) => {
  const fields = objectOf(value, path, OPTIMIZER_FIELDS);
  const kind = fields.kind === undefined ? undefined : oneOf(OPTIMIZER_KINDS)(fields.kind, `${path}.kind`);
  const momentum = optimizerDefaults(kind).momentum === undefined ? fields.momentum : (fields.momentum ?? 0);
  return {
    ...(kind !== undefined && kind !== "sgd" && { kind }),
    learningRate: number("a number above 0", (v) => v > 0)(fields.learningRate, `${path}.learningRate`),
    ...(momentum !== undefined && {
      momentum: number("a number of at least 0 and below 1", (v) => v >= 0 && v < 1)(
        momentum,
        `${path}.momentum`,
      ),
    }),
    weightDecay: notNegative(fields.weightDecay ?? 0, `${path}.weightDecay`),
    schedule: parseSchedule(fields.schedule ?? { kind: "constant" }, `${path}.schedule`),
    ...(fields.settings !== undefined && {
      settings: tableOf(notNegative)(fields.settings, `${path}.settings`),
    }),
  };
};

const parseSchedule: Check<ScheduleConfig> = (value, path) => {
  const fields = objectOf(value, path, ["kind", "warmupSteps", "epochs", "factor", "settings"]);
  const kind = oneOf(SCHEDULE_KINDS)(fields.kind, `${path}.kind`);
  const warmupSteps = whole(0)(fields.warmupSteps ?? 0, `${path}.warmupSteps`);
  if (kind === "steps") {
    const epochs = distinctList(whole(0))(fields.epochs, `${path}.epochs`);
    return { kind, warmupSteps, epochs, factor: fraction(fields.factor, `${path}.factor`) };
  }
  for (const unused of isSettled(kind) ? ["epochs", "factor"] : ["epochs", "factor", "settings"]) {
    if (fields[unused] !== undefined)
      throw fieldError(`${path}.${unused}`, `no such field in a ${kind} schedule`, fields[unused]);
  }
  if (isSettled(kind)) {
    return { kind, warmupSteps, settings: tableOf(notNegative)(fields.settings ?? {}, `${path}.settings`) };
  }
  return { kind, warmupSteps };
};
