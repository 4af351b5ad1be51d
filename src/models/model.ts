/** What a model file exports: a name, where the network is described, and how to build it. Knows no number formats. */
import { RoundoffError } from "../base/errors.ts";
import { bindNames } from "../nn/index.ts";
import type { Classifier } from "./classifier.ts";

/** Images [size, size, channels] in, `classes` logits out. */
export interface ImageTask {
  readonly channels: number;
  readonly size: number;
  readonly classes: number;
}

export type ModelOptions = Readonly<Record<string, number>>;

export interface ModelDefinition {
  readonly name: string;
  readonly source: string;
  /** Every option with its default; positive integers, and 0 where that is the default. */
  readonly defaults: ModelOptions;
  readonly create: (task: ImageTask, options: ModelOptions) => Classifier;
}

/** Builds the model with its names bound. Unknown or impossible options are refused. */
export function createModel(
  definition: ModelDefinition,
  task: ImageTask,
  options: Readonly<Record<string, number | undefined>> = {},
): Classifier {
  const merged: Record<string, number> = { ...definition.defaults };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!(name in definition.defaults)) {
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: `model "${definition.name}" has no option "${name}"`,
        expected: Object.keys(definition.defaults).join(", "),
        received: name,
      });
    }
    const lowest = definition.defaults[name] === 0 ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < lowest) {
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: `option "${name}" of model "${definition.name}" is out of range`,
        expected: lowest === 0 ? "an integer of at least 0" : "a positive integer",
        received: String(value),
      });
    }
    merged[name] = value;
  }
  return bindNames(definition.create(task, merged));
}
