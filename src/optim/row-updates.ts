/**
 * Updates of the rows of a table that a step has read: where the gradient of an embedding is all that changes a parameter,
 * and an optimizer leaves rows without gradient as they are, only the rows named are read, updated and written. The bits are
 * those of the update of the whole table, and the cost is that of the rows.
 */
import { RoundoffError } from "../base/errors.ts";
import { elementCount, type Graph, type NodeOf, type Role, type Value } from "../graph/graph.ts";
import type { ParameterInfo, UpdateRule } from "./optimizer.ts";

/** A gradient as rows i32[n], each at most once, and gradient[n, D]. */
export interface RowGradient {
  readonly rows: Value;
  readonly gradient: Value;
}

/**
 * The gradient as rows if that is cheaper or was asked for, and equal; otherwise nothing. Throws UNSUPPORTED when it was asked
 * for and the optimizer would change rows without gradient.
 */
export function rowGradient(
  graph: Graph,
  { info, gradient }: { readonly info: ParameterInfo; readonly gradient: Value },
  rule: UpdateRule,
): RowGradient | undefined {
  const node = graph.nodes.find(
    (one): one is NodeOf<"embeddingGrad"> => one.op === "embeddingGrad" && one.outputs[0] === gradient,
  );
  if (node === undefined) return undefined;
  if (!leavesOtherRows(rule)) {
    if (info.sparse === true) throw notForRows(info, rule);
    return undefined;
  }
  const { mode, paddingIndex, shape } = node.attrs;
  if (info.sparse !== true && elementCount(node.inputs[1].shape) >= shape[0]) return undefined;
  const [rows, found] = graph.during("backward", () =>
    graph.scope(node.path, () =>
      graph.apply("embeddingGradRows", node.inputs, { mode, paddingIndex }, ["control", gradient.role]),
    ),
  );
  return { rows, gradient: found };
}

/** Whether w′ = w and s′ = s wherever the gradient is 0. */
function leavesOtherRows(rule: UpdateRule): boolean {
  if (rule.attrs.weightDecay !== 0) return false;
  return rule.op === "adagradUpdate" || (rule.op === "sgdUpdate" && rule.states.length === 0);
}

function notForRows({ name }: ParameterInfo, { op, attrs }: UpdateRule): RoundoffError {
  return new RoundoffError("UNSUPPORTED", {
    what: `the gradient of "${name}" is sparse, and its optimizer changes rows without gradient too`,
    expected: "SGD without momentum, or Adagrad, both without weight decay",
    received: `${op.replace("Update", "")}${attrs.weightDecay === 0 ? "" : ` with weight decay ${attrs.weightDecay}`}`,
    hint: "Leave out `sparse`, or give the table a group of its own.",
  });
}

/** Applies an update to the named rows of the parameter and of its states: what is read is unrounded, what is put back is stored. */
export function updateRows(
  graph: Graph,
  { whole, rows, roles }: { whole: readonly Value[]; rows: Value; roles: readonly Role[] },
  update: (operands: readonly Value[], roles: readonly Role[]) => readonly Value[],
): Value[] {
  const control: Role[] = whole.map(() => "control");
  const read = whole.map((value) => graph.apply("indexSelect", [value, rows], { axis: 0 }, ["control"])[0]);
  return update(read, control).map(
    (next, i) => graph.apply("putRows", [whole[i], rows, next], {}, [roles[i]])[0],
  );
}
