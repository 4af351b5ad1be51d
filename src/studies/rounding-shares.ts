/**
 * What a recipe's roundings lost, from the records of its runs: for each layer and each step that was looked at, the share
 * of elements that became zero or lay beyond the format, as the mean over seeds. Knows nothing of drawing.
 */
import type { RoundingLoss } from "../runlog/schema.ts";
import type { RunResult } from "./run-result.ts";
import { mean } from "./statistics.ts";

/** What is shared out: elements flushed to zero, or beyond the largest finite value. */
export type LossKind = "flushed" | "beyond";

/** Roles whose tensors are made on the way forward. */
const FORWARD_ROLES: ReadonlySet<string> = new Set(["sum.output"]);

/** Shares of one role's tensors in the runs of one recipe: layers × steps, all lists in these orders. */
export interface RoundingShares {
  readonly recipe: string;
  readonly role: string;
  readonly kind: LossKind;
  /** Module paths in the order of the network, from input to output. */
  readonly layers: readonly string[];
  readonly steps: readonly number[];
  /** shares[layer][step]: a fraction, or undefined where no run was looked at. */
  readonly shares: readonly (readonly (number | undefined)[])[];
}

/** The shares of `recipe` in `runs` of one setting; undefined where the records say nothing of that role. */
export function roundingShares(
  runs: readonly RunResult[],
  { recipe, role, kind }: Pick<RoundingShares, "recipe" | "role" | "kind">,
): RoundingShares | undefined {
  const cells = new Map<string, Map<number, number[]>>();
  const steps = new Set<number>();
  for (const { step, loss } of lossesOf(runs, recipe, role)) {
    steps.add(step);
    const row = cells.get(loss.tensor) ?? new Map<number, number[]>();
    row.set(step, [...(row.get(step) ?? []), loss[kind] / loss.elements]);
    cells.set(loss.tensor, row);
  }
  if (cells.size === 0) return undefined;
  const columns = [...steps].sort((a, b) => a - b);
  // Records tell of tensors in the order of the step: of errors and gradients from the output to the input.
  const met = [...cells.keys()];
  const layers = FORWARD_ROLES.has(role) ? met : met.reverse();
  const shares = layers.map((layer) =>
    columns.map((step) => {
      const values = cells.get(layer)?.get(step);
      return values === undefined ? undefined : mean(values);
    }),
  );
  return { recipe, role, kind, layers, steps: columns, shares };
}

function lossesOf(
  runs: readonly RunResult[],
  recipe: string,
  role: string,
): readonly { readonly step: number; readonly loss: RoundingLoss }[] {
  const own = runs.filter((run) => run.recipe === recipe && run.status !== "interrupted");
  return own.flatMap(({ steps }) =>
    steps.flatMap(({ step, rounding = [] }) =>
      rounding.filter((loss) => loss.role === role).map((loss) => ({ step, loss })),
    ),
  );
}

/** The mean share of each layer over the steps that were looked at. */
export function layerMeans({ shares }: RoundingShares): readonly number[] {
  return shares.map((row) => mean(row.filter((share) => share !== undefined)));
}

/** Steps skipped because of an overflow in runs of `recipe`, by the tensor that was named. */
export function overflows(
  runs: readonly RunResult[],
  recipe: string,
): readonly {
  readonly tensor: string;
  readonly role: string;
  readonly operation: string;
  readonly steps: number;
}[] {
  const counts = new Map<string, { tensor: string; role: string; operation: string; steps: number }>();
  for (const run of runs.filter((candidate) => candidate.recipe === recipe)) {
    for (const { overflow } of run.steps) {
      if (overflow === undefined) continue;
      const key = `${overflow.tensor} ${overflow.role} ${overflow.operation}`;
      const known = counts.get(key) ?? { ...overflow, steps: 0 };
      known.steps++;
      counts.set(key, known);
    }
  }
  return [...counts.values()].sort((a, b) => b.steps - a.steps);
}
