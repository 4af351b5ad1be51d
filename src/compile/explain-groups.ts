/**
 * The fused groups of a plan: which nodes one command does, from its own operation to the rounding of what it stores.
 * Part of explain.ts; reads lowered commands, changes nothing.
 */
import type { Node, Value } from "../graph/graph.ts";
import type { BuiltPlan } from "./build-plan.ts";
import type { LoweredCommand, LoweredStep } from "./lower.ts";

export interface ExplainedGroup {
  /** Id of the node whose command does the others as it stores its result. */
  readonly host: number;
  /** Ids of all its nodes, the host first, in the order in which they are done. */
  readonly nodes: readonly number[];
  /** What it does, `batchNormTrain → round bf16 → relu`, and what else it writes of its result: `amax`, `signs`. */
  readonly steps: string;
}

export function explainGroups({ lowered }: BuiltPlan): ExplainedGroup[] {
  return lowered.commands.flatMap((command) => {
    const { node, epilogue = [], beside = {} } = command;
    if (node === undefined || epilogue.length + Object.keys(beside).length === 0) return [];
    const nodes = [node, ...epilogue.map((step) => step.node)];
    const ids = [...new Set(nodes.map(({ id }) => id))];
    return [{ host: node.id, nodes: ids, steps: stepsOf(command, node).join(" → ") }];
  });
}

/** Homes of the results that fused groups never store. */
export function valuesInRegisters({ lowered }: BuiltPlan): Set<Value> {
  const inner = lowered.commands.flatMap(({ node, epilogue = [] }) => {
    const last = epilogue.at(-1)?.node ?? node;
    return node === undefined ? [] : [node, ...epilogue.map((step) => step.node)].filter((n) => n !== last);
  });
  return new Set(inner.map(({ outputs }) => lowered.home(outputs[0])));
}

function stepsOf(command: LoweredCommand, node: Node): string[] {
  const { op, epilogue = [], outputs, beside = {} } = command;
  const [{ store }] = outputs;
  const roundings = [...epilogue.map(({ round }) => round), store];
  const steps = [{ op, node }, ...epilogue].flatMap((step, i) => {
    const rounding = roundings[i];
    const name = nameOf(step);
    return rounding === undefined ? [name] : [name, `round ${rounding.format.name}`];
  });
  return [...steps, ...Object.keys(beside)];
}

function nameOf({ op, node }: Pick<LoweredStep, "node"> & { readonly op: string }): string {
  // A product is done by several commands where scales follow it.
  if (op !== node.op) return "times scale";
  if (node.op === "unaryGrad") return `gradient of ${node.attrs.kind}`;
  return "kind" in node.attrs ? String(node.attrs.kind) : node.op;
}
