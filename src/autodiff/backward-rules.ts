/**
 * One backward rule per primitive. A mapped type over all primitives: a new one does not compile until its derivative
 * is written, or it is declared `notDifferentiable`. Rules append primitives to the graph; they compute nothing.
 */

import { elementCount, type Graph, type NodeOf, type Role, type Value } from "../graph/graph.ts";
import type { Primitive, PrimitiveAttrs } from "../graph/primitives.ts";
import { GRAD_FROM_OUTPUT, type OpAttrs } from "../kernels/contract.ts";

export interface RuleContext<P extends Primitive> {
  readonly graph: Graph;
  readonly node: NodeOf<P>;
  /** Which inputs need a gradient; a rule may skip the others. */
  readonly needs: readonly boolean[];
  /** The role that each input's gradient has. */
  readonly roles: readonly Role[];
}

/** Gradients of the outputs (undefined: zero) → gradients of the inputs. */
export type BackwardRule<P extends Primitive> = (
  context: RuleContext<P>,
  grads: readonly (Value | undefined)[],
) => (Value | undefined)[];

const notDifferentiable = "notDifferentiable" as const;

export const backwardRules: {
  readonly [P in Primitive]: BackwardRule<P> | typeof notDifferentiable;
} = {
  conv2d: ({ graph, node, needs, roles }, [gy]) => {
    const [x, w] = node.inputs;
    const gx = () =>
      graph.apply("conv2dGradInput", [gy!, w], { ...node.attrs, shape: x.shape }, [roles[0]])[0];
    const gw = () =>
      graph.apply("conv2dGradWeight", [gy!, x], { ...node.attrs, shape: w.shape }, [roles[1]])[0];
    return [needs[0] ? gx() : undefined, needs[1] ? gw() : undefined];
  },
  matmul: matmulBackward,
  unary: ({ graph, node, roles }, [gy]) => {
    const z = GRAD_FROM_OUTPUT.has(node.attrs.kind) ? node.outputs[0] : node.inputs[0];
    return [...graph.apply("unaryGrad", [z, gy!], node.attrs, [roles[0]])];
  },
  binary: binaryBackward,
  affine: ({ graph, node, roles }, [gy]) => [
    graph.apply("affine", [gy!], { scale: node.attrs.scale, offset: 0 }, [roles[0]])[0],
  ],
  reduceSum: ({ graph, node, roles }, [gy]) => [
    graph.apply("broadcastTo", [gy!], { shape: node.inputs[0].shape }, [roles[0]])[0],
  ],
  broadcastTo: ({ graph, node, roles }, [gy]) => [sumTo(graph, gy!, node.inputs[0].shape, roles[0])],
  transpose: ({ graph, node, roles }, [gy]) => {
    const inverse = node.attrs.perm.map((_, axis) => node.attrs.perm.indexOf(axis));
    return [graph.apply("transpose", [gy!], { perm: inverse }, [roles[0]])[0]];
  },
  fill: () => [],
  copy: (_, [gy]) => [gy],
  reshape: ({ graph, node, roles }, [gy]) => [
    graph.apply("reshape", [gy!], { shape: node.inputs[0].shape }, [roles[0]])[0],
  ],
  // Straight-through: quantisers are inserted after differentiation; one in a model is treated as the identity.
  quantize: (_, [gy]) => [gy],
  maxPool2d: ({ graph, node, roles }, [gy]) => {
    const attrs = { ...node.attrs, shape: node.inputs[0].shape };
    return [graph.apply("maxPool2dGrad", [gy!, node.outputs[1]], attrs, [roles[0]])[0]];
  },
  avgPool2d: ({ graph, node, roles }, [gy]) => {
    const attrs = { ...node.attrs, shape: node.inputs[0].shape };
    return [graph.apply("avgPool2dGrad", [gy!], attrs, [roles[0]])[0]];
  },
  batchNormTrain: ({ graph, node, roles }, [gy]) => {
    const [x, weight] = node.inputs;
    const [, mean, invStd] = node.outputs;
    const inputs = [gy!, x, weight, mean, invStd];
    return [...graph.apply("batchNormTrainGrad", inputs, {}, roles), undefined, undefined];
  },
  softmaxCrossEntropy: ({ graph, node, roles }, [gLoss]) => {
    const [logits, labels] = node.inputs;
    return [
      graph.apply("softmaxCrossEntropyGrad", [gLoss!, logits, labels], node.attrs, [roles[0]])[0],
      undefined,
    ];
  },
  conv2dGradInput: notDifferentiable,
  conv2dGradWeight: notDifferentiable,
  unaryGrad: notDifferentiable,
  maxPool2dGrad: notDifferentiable,
  avgPool2dGrad: notDifferentiable,
  batchNormTrainGrad: notDifferentiable,
  softmaxCrossEntropyGrad: notDifferentiable,
  quantizeDynamicFixed: notDifferentiable,
  countNonFinite: notDifferentiable,
  lossScaleUpdate: notDifferentiable,
  sgdUpdate: notDifferentiable,
};

/** c = op(a)·op(b): ga = gc·op(b)ᵀ and gb = op(a)ᵀ·gc, written so that the result comes out in the stored layout. */
function matmulBackward(
  { graph, node, needs, roles }: RuleContext<"matmul">,
  [gc]: readonly (Value | undefined)[],
): (Value | undefined)[] {
  const [a, b] = node.inputs;
  const { transA, transB } = node.attrs;
  const product = (left: Value, right: Value, flags: [boolean, boolean], role: Role) =>
    graph.apply("matmul", [left, right], { transA: flags[0], transB: flags[1], carrier: "f32" }, [role])[0];
  const ga = () =>
    transA ? product(b, gc!, [transB, true], roles[0]) : product(gc!, b, [false, !transB], roles[0]);
  const gb = () =>
    transB ? product(gc!, a, [true, transA], roles[1]) : product(a, gc!, [!transA, false], roles[1]);
  return [
    needs[0] ? sumTo(graph, ga(), a.shape, roles[0]) : undefined,
    needs[1] ? sumTo(graph, gb(), b.shape, roles[1]) : undefined,
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

/** Sums a gradient over the axes that broadcasting had repeated, back to `shape`. */
function sumTo(graph: Graph, grad: Value, shape: readonly number[], role: Role): Value {
  const extra = grad.shape.length - shape.length;
  const axes = grad.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  const [reduced] = axes.length === 0 ? [grad] : graph.apply("reduceSum", [grad], { axes }, [role]);
  if (elementCount(reduced.shape) === elementCount(shape) && reduced.shape.length !== shape.length) {
    return graph.apply("reshape", [reduced], { shape }, [role])[0];
  }
  return reduced;
}
