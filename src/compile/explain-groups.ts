/**
 * The fused groups of a plan: which nodes one command does, from its own operation to the rounding of what it stores.
 * Part of explain.ts; reads lowered commands, changes nothing.
 */
import type { Node, Value } from "../graph/graph.ts";
import type { BuiltPlan } from "./build-plan.ts";
import type { LoweredCommand } from "./lower.ts";

export interface ExplainedGroup {
  /** Id of the node whose command does the others as it stores its result. */
  readonly host: number;
  /** Ids of all its nodes, the host first, in the order in which they are done. */
  readonly nodes: readonly number[];
  /** What it does, `batchNormTrain → round bf16 → relu`. */
  readonly steps: string;
}

export function explainGroups({ lowered }: BuiltPlan): ExplainedGroup[] {
  return lowered.commands.flatMap((command) => {
    if (command.node === undefined || command.epilogue === undefined) return [];
    const nodes = [command.node, ...command.epilogue.map(({ node }) => node)];
    return [
      { host: command.node.id, nodes: nodes.map(({ id }) => id), steps: stepsOf(command, nodes).join(" → ") },
    ];
  });
}

/** Homes of the results that fused groups never store. */
export function valuesInRegisters({ lowered }: BuiltPlan): Set<Value> {
  const inner = lowered.commands.flatMap(({ node, epilogue = [] }) =>
    node === undefined ? [] : [node, ...epilogue.map((step) => step.node)].slice(0, -1),
  );
  return new Set(inner.map(({ outputs }) => lowered.home(outputs[0])));
}

function stepsOf({ epilogue = [], outputs: [{ store }] }: LoweredCommand, nodes: readonly Node[]): string[] {
  const roundings = [...epilogue.map(({ round }) => round), store];
  return nodes.flatMap((node, i) => {
    const rounding = roundings[i];
    const name = "kind" in node.attrs && node.op !== "unaryGrad" ? String(node.attrs.kind) : node.op;
    const full = node.op === "unaryGrad" ? `gradient of ${node.attrs.kind}` : name;
    return rounding === undefined ? [full] : [full, `round ${rounding.format.name}`];
  });
}
