/**
 * What a training step costs under each recipe, for the report: rows of `roundoff bench study --json`, read from a file. Measured
 * apart from the study, in turn on a quiet machine: the runs of a study come one after another, and their times compare badly.
 */
import { readFileSync } from "node:fs";
import { RoundoffError } from "../base/errors.ts";
import { type Check, count, fields, listOf, number, text } from "../runlog/check.ts";
import { grouped } from "./metric-text.ts";

export interface StepCost {
  /** The setting; where single models were timed with `bench step`, the model. */
  readonly name: string;
  readonly recipe: string;
  readonly medianMs: number;
  readonly samplesPerSecond: number;
  /** Memory of a step beside weights and optimizer state. */
  readonly arenaBytes: number;
  /** Median time over that of the first recipe. */
  readonly ratioToFirst: number;
}

export interface StepCosts {
  readonly rows: readonly StepCost[];
  readonly machine: { readonly cpu: string; readonly threads: number; readonly kernels: string };
}

const COSTS: Check<StepCosts> = fields<StepCosts>({
  rows: listOf(
    fields<StepCost>({
      name: text,
      recipe: text,
      medianMs: number,
      samplesPerSecond: number,
      arenaBytes: count,
      ratioToFirst: number,
    }),
  ),
  machine: fields({ cpu: text, threads: count, kernels: text }),
});

/** Throws FILE_UNREADABLE. */
export function readStepCosts(path: string): StepCosts {
  try {
    return COSTS(JSON.parse(readFileSync(path, "utf8")), "");
  } catch (cause) {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: `cannot read the costs of steps in "${path}"`,
      expected: "what roundoff bench study --json prints",
      received: (cause as Error).message,
      cause,
    });
  }
}

/** The table of costs, for HTML and Markdown alike. */
export function stepCostTable({ rows }: StepCosts): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  return {
    head: ["setting", "recipe", "ms", "pictures/s", "time over the first", "memory of a step, MiB"],
    rows: rows.map((row) => [
      row.name,
      row.recipe,
      row.medianMs.toFixed(2),
      grouped(row.samplesPerSecond),
      row.ratioToFirst.toFixed(2),
      (row.arenaBytes / 2 ** 20).toFixed(1),
    ]),
  };
}

/** Where and how the costs were measured. */
export function stepCostCaption({ machine: { cpu, threads, kernels } }: StepCosts): string {
  return `Medians of training steps, recipes in turn in one run (roundoff bench study): ${cpu}, ${threads} threads, ${kernels} kernels.`;
}
