/** Gradients of operations that treat every element alone. Part of backward-rules.ts. */
import type { Graph, Value } from "../../graph/graph.ts";
import type { PrimitiveAttrs } from "../../graph/primitives.ts";
import { GRAD_FROM_OUTPUT, type OpAttrs } from "../../kernels/contract.ts";
import { type BackwardRules, notDifferentiable, type RuleContext, sumTo } from "./rule.ts";

export const elementwiseRules: Pick<
  BackwardRules,
  "unary" | "unaryGrad" | "binary" | "affine" | "fill" | "copy"
> = {
  unary: ({ graph, node, roles }, [gy]) => {
    const z = GRAD_FROM_OUTPUT.has(node.attrs.kind) ? node.outputs[0] : node.inputs[0];
    return [...graph.apply("unaryGrad", [z, gy!], node.attrs, [roles[0]])];
  },
  unaryGrad: notDifferentiable,
  binary: binaryBackward,
  affine: ({ graph, node, roles }, [gy]) => [
    graph.apply("affine", [gy!], { scale: node.attrs.scale, offset: 0 }, [roles[0]])[0],
  ],
  fill: () => [],
  copy: (_, [gy]) => [gy],
};

function binaryBackward(
  { graph, node, needs, roles }: RuleContext<"binary">,
  [gy]: readonly (Value | undefined)[],
): (Value | undefined)[] {
  const [a, b] = node.inputs;
  const [y] = node.outputs;
  const mul = (p: Value, q: Value) => graph.apply("binary", [p, q], { kind: "mul" })[0];
  const div = (p: Value, q: Value) => graph.apply("binary", [p, q], { kind: "div" })[0];
  const scaled = (p: Value, scale: number) => graph.apply("affine", [p], { scale, offset: 0 })[0];
  const g = gy!;
  const derivatives: Record<OpAttrs["binary"]["kind"], [() => Value, () => Value]> = {
    add: [() => g, () => g],
    sub: [() => g, () => scaled(g, -1)],
    mul: [() => mul(g, b), () => mul(g, a)],
    div: [() => div(g, b), () => scaled(div(mul(g, y), b), -1)],
    maximum: [() => winnerShare(graph, a, b, g, 1), () => winnerShare(graph, b, a, g, 1)],
    minimum: [() => winnerShare(graph, a, b, g, -1), () => winnerShare(graph, b, a, g, -1)],
  };
  return derivatives[node.attrs.kind].map((derivative, i) =>
    needs[i] ? sumTo(graph, derivative(), node.inputs[i].shape, roles[i]) : undefined,
  );
}

/** g where `self` wins (sign·self > sign·other), g / 2 where both are equal, 0 elsewhere: PyTorch's rule. */
function winnerShare(graph: Graph, self: Value, other: Value, g: Value, sign: number): Value {
  const step = (p: Value, q: Value) => {
    const [difference] = graph.apply("binary", [p, q], { kind: "sub" });
    const [signed] = graph.apply("affine", [difference], { scale: sign, offset: 0 });
    return signed;
  };
  const ones: PrimitiveAttrs["fill"] = { value: 1, shape: g.shape };
  // relu's derivative is the indicator of "greater than zero".
  const indicator = (z: Value) =>
    graph.apply("unaryGrad", [z, graph.apply("fill", [], ones)[0]], { kind: "relu" })[0];
  const wins = indicator(step(self, other));
  const loses = indicator(step(other, self));
  const [share] = graph.apply("binary", [wins, loses], { kind: "sub" });
  const [weight] = graph.apply("affine", [share], { scale: 0.5, offset: 0.5 });
  return graph.apply("binary", [g, weight], { kind: "mul" })[0];
}
