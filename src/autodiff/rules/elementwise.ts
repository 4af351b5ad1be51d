/** Gradients of operations that treat every element alone. Part of backward-rules.ts. */
import type { Graph, Value } from "../../graph/graph.ts";
import type { PrimitiveAttrs } from "../../graph/primitives.ts";
import { type BinaryKind, GRAD_FROM_OUTPUT, type UnaryKind } from "../../kernels/contract.ts";
import { type BackwardRules, notDifferentiable, type RuleContext, sumTo } from "./rule.ts";

/** Steps: their slope is 0 wherever it exists, so nothing flows back. */
const FLAT_UNARY: ReadonlySet<UnaryKind> = new Set(["sign", "floor", "ceil", "round"]);

export const elementwiseRules: Pick<
  BackwardRules,
  "unary" | "unaryGrad" | "binary" | "where" | "affine" | "fill" | "arange" | "copy" | "cast"
> = {
  unary: ({ graph, node, roles }, [gy]) => {
    if (FLAT_UNARY.has(node.attrs.kind)) return [undefined];
    const z = GRAD_FROM_OUTPUT.has(node.attrs.kind) ? node.outputs[0] : node.inputs[0];
    return [...graph.apply("unaryGrad", [z, gy!], node.attrs, [roles[0]])];
  },
  unaryGrad: notDifferentiable,
  binary: binaryBackward,
  where: whereBackward,
  affine: ({ graph, node, roles }, [gy]) => [
    graph.apply("affine", [gy!], { scale: node.attrs.scale, offset: 0 }, [roles[0]])[0],
  ],
  fill: () => [],
  arange: () => [],
  copy: (_, [gy]) => [gy],
  cast: () => [undefined],
};

/** g goes to the operand that was chosen. */
function whereBackward(
  { graph, node, needs, roles }: RuleContext<"where">,
  [gy]: readonly (Value | undefined)[],
): (Value | undefined)[] {
  const [condition, a, b] = node.inputs;
  const [zero] = graph.apply("fill", [], { value: 0, shape: [] }, ["control"]);
  const chosen = (yes: Value, no: Value, input: number) => {
    const [part] = graph.apply("where", [condition, yes, no], {}, [roles[input]]);
    return sumTo(graph, part, node.inputs[input].shape, roles[input]);
  };
  return [
    undefined,
    needs[1] && a.dtype === "f32" ? chosen(gy!, zero, 1) : undefined,
    needs[2] && b.dtype === "f32" ? chosen(zero, gy!, 2) : undefined,
  ];
}

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
  const flat = [() => undefined, () => undefined] as const;
  const derivatives: Record<BinaryKind, readonly [() => Value | undefined, () => Value | undefined]> = {
    add: [() => g, () => g],
    sub: [() => g, () => scaled(g, -1)],
    mul: [() => mul(g, b), () => mul(g, a)],
    div: [() => div(g, b), () => scaled(div(mul(g, y), b), -1)],
    maximum: [() => winnerShare(graph, a, b, g, 1), () => winnerShare(graph, b, a, g, 1)],
    minimum: [() => winnerShare(graph, a, b, g, -1), () => winnerShare(graph, b, a, g, -1)],
    pow: [() => powerByBase(graph, a, b, g), () => powerByExponent(graph, a, y, g)],
    atan2: [() => angleShare(graph, a, b, g, b), () => scaled(angleShare(graph, a, b, g, a), -1)],
    eq: flat,
    ne: flat,
    lt: flat,
    le: flat,
    gt: flat,
    ge: flat,
  };
  return derivatives[node.attrs.kind].map((derivative, i) => {
    const gradient = needs[i] ? derivative() : undefined;
    return gradient === undefined ? undefined : sumTo(graph, gradient, node.inputs[i].shape, roles[i]);
  });
}

/** Factors of a gradient are not stored errors: no recipe rounds them. */
const factor = (graph: Graph, kind: BinaryKind, p: Value, q: Value): Value =>
  graph.apply("binary", [p, q], { kind }, ["statistic"])[0];

/** g·b·a^(b − 1). */
function powerByBase(graph: Graph, a: Value, b: Value, g: Value): Value {
  const [less] = graph.apply("affine", [b], { scale: 1, offset: -1 }, ["statistic"]);
  const slope = factor(graph, "mul", b, factor(graph, "pow", a, less));
  return graph.apply("binary", [g, slope], { kind: "mul" })[0];
}

/** g·y·log a, 0 where a is 0 (and y = 0): PyTorch's rule. */
function powerByExponent(graph: Graph, a: Value, y: Value, g: Value): Value {
  const [zero] = graph.apply("fill", [], { value: 0, shape: [] }, ["control"]);
  const [logarithm] = graph.apply("unary", [a], { kind: "log" }, ["statistic"]);
  const slope = factor(graph, "mul", y, logarithm);
  const [safe] = graph.apply("where", [y, slope, zero], {}, ["statistic"]);
  return graph.apply("binary", [g, safe], { kind: "mul" })[0];
}

/** g·share/(a² + b²). */
function angleShare(graph: Graph, a: Value, b: Value, g: Value, share: Value): Value {
  const squares = factor(graph, "add", factor(graph, "mul", a, a), factor(graph, "mul", b, b));
  return graph.apply("binary", [g, factor(graph, "div", share, squares)], { kind: "mul" })[0];
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
