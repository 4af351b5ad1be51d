/**
 * Reverse-mode differentiation as a transform of a graph: appends the backward nodes of a scalar and returns the
 * gradient of each value asked for. Knows rules (backward-rules.ts) but no formats and no memory.
 */
import { RoundoffError } from "../base/errors.ts";
import type { Composite, Graph, Node, Role, Segment, Value } from "../graph/graph.ts";
import type { Primitive } from "../graph/primitives.ts";
import { type BackwardRule, backwardRules } from "./backward-rules.ts";

/**
 * Gradients of Σ (output · seed) with respect to `wrt`, in the same order. A value that the outputs do not depend
 * on has gradient `undefined`. `seeds` have the shapes of `outputs`; the loss scale enters here.
 */
export function gradients(
  graph: Graph,
  outputs: readonly Value[],
  seeds: readonly Value[],
  wrt: readonly Value[],
): (Value | undefined)[] {
  const reach = valuesThatReach(graph, wrt);
  const grads = new Map<Value, Value>();
  graph.during("backward", () => {
    outputs.forEach((output, i) => {
      accumulate(graph, grads, output, seeds[i]);
    });
    const forward = graph.nodes.filter((node) => node.phase === "forward");
    const composites = compositesByNode(graph);
    const replays: Replays = new Map();
    for (const node of forward.reverse()) {
      const composite = composites.get(node.id);
      if (composite === undefined) backpropagate(graph, node, { grads, reach, replays });
      else if (composite.last === node.id)
        backpropagateComposite(graph, composite, { grads, reach, replays });
    }
  });
  return wrt.map((value) => grads.get(value));
}

/** All values on a path from one of `sources`: only they need gradients. */
function valuesThatReach(graph: Graph, sources: readonly Value[]): Set<Value> {
  const reached = new Set<Value>(sources);
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => reached.has(input))) {
      for (const output of node.outputs) reached.add(output);
    }
  }
  return reached;
}

/** Values of a checkpointed segment → the same values computed again. */
type Replays = Map<Segment, Map<Value, Value>>;

interface Backward {
  readonly grads: Map<Value, Value>;
  readonly reach: Set<Value>;
  readonly replays: Replays;
}

function backpropagate(graph: Graph, node: Node, { grads, reach, replays }: Backward): void {
  const outputGrads = node.outputs.map((output) => grads.get(output));
  if (outputGrads.every((grad) => grad === undefined)) return;
  const needs = node.inputs.map((input) => reach.has(input));
  if (!needs.includes(true)) return;
  const rule = backwardRules[node.op] as BackwardRule<Primitive> | "notDifferentiable";
  if (rule === "notDifferentiable") {
    throw new RoundoffError("UNSUPPORTED", {
      what: `${node.op} has no derivative but lies between the loss and a parameter`,
      hint: "Keep it out of the forward pass of a training step.",
    });
  }
  const roles = node.inputs.map(gradientRole);
  const atHand = replayed(graph, node, replays);
  // Between statistics, intermediate results of a rule are statistics too.
  const inside = roles.every((role, i) => !needs[i] || role === "statistic");
  graph.scope(node.path, () => {
    const inputGrads = graph.withRole(inside ? "statistic" : undefined, () =>
      rule({ graph, node: atHand, needs, roles }, outputGrads),
    );
    inputGrads.forEach((grad, i) => {
      if (grad !== undefined && needs[i])
        accumulate(graph, grads, node.inputs[i], leaving(graph, grad, roles[i]));
    });
  });
}

/** The node with operands and results that are at hand in the backward pass: in a segment, those computed again. */
function replayed(graph: Graph, node: Node, replays: Replays): Node {
  const again = replayOf(graph, node.segment, replays);
  if (again === undefined) return node;
  const at = (value: Value) => again.get(value) ?? value;
  return { ...node, inputs: node.inputs.map(at), outputs: node.outputs.map(at) };
}

/** The values of a segment computed again; the first that asks appends them. */
function replayOf(
  graph: Graph,
  segment: Segment | undefined,
  replays: Replays,
): Map<Value, Value> | undefined {
  if (segment === undefined) return undefined;
  const again = replays.get(segment) ?? replay(graph, segment);
  replays.set(segment, again);
  return again;
}

/** Appends the segment a second time, in the forward phase: its GEMMs and roundings are the same ones. */
function replay(graph: Graph, { nodes }: Segment): Map<Value, Value> {
  const again = new Map<Value, Value>();
  for (const { op, attrs, inputs, outputs, path } of nodes) {
    const operands = inputs.map((input) => again.get(input) ?? input);
    const roles = outputs.map(({ role }) => role);
    const results = graph.during("forward", () =>
      graph.scope(path, () => graph.apply(op, operands, attrs as never, roles)),
    );
    outputs.forEach((output, i) => {
      again.set(output, results[i]);
      graph.recomputed.set(results[i], output);
    });
  }
  return again;
}

function compositesByNode(graph: Graph): Map<number, Composite> {
  const byNode = new Map<number, Composite>();
  for (const composite of graph.composites) {
    for (let id = composite.first; id <= composite.last; id++) byNode.set(id, composite);
  }
  return byNode;
}

/** A composite is one step: its nodes are passed over. */
function backpropagateComposite(
  graph: Graph,
  { inputs, outputs, backward, path, last }: Composite,
  { grads, reach, replays }: Backward,
): void {
  const outputGrads = outputs.map((output) => grads.get(output));
  const needs = inputs.map((input) => reach.has(input));
  if (outputGrads.every((grad) => grad === undefined) || !needs.includes(true)) return;
  const again = replayOf(graph, graph.nodes[last].segment, replays);
  const at = (value: Value) => again?.get(value) ?? value;
  graph.scope(path, () => {
    backward({ graph, needs, roles: inputs.map(gradientRole), at }, outputGrads).forEach((grad, i) => {
      if (grad !== undefined && needs[i]) accumulate(graph, grads, inputs[i], grad);
    });
  });
}

/** The role of the gradient of a value: what an optimizer reads is told apart from errors; what stays in FP32 stays there. */
export function gradientRole(value: Value): Role {
  if (value.role === "weight") return "gradWeight";
  if (value.role === "statistic") return "statistic";
  return value.role === "bias" ? "gradBias" : "error";
}

/**
 * A gradient that comes out of a loss unchanged is a statistic there and an error here: a view gives it the role by which
 * recipes round it.
 */
function leaving(graph: Graph, grad: Value, role: Role): Value {
  if (grad.role !== "statistic" || role === "statistic") return grad;
  return graph.apply("reshape", [grad], { shape: grad.shape }, [role])[0];
}

function accumulate(graph: Graph, grads: Map<Value, Value>, value: Value, grad: Value): void {
  const known = grads.get(value);
  if (known === undefined) {
    grads.set(value, grad);
    return;
  }
  const [sum] = graph.apply("binary", [known, grad], { kind: "add" }, [gradientRole(value)]);
  grads.set(value, sum);
}
