/** Gradients of operations that repeat, cut or move elements. Part of backward-rules.ts. */
import type { Value } from "../../graph/graph.ts";
import { type BackwardRules, notDifferentiable, type RuleContext, sumTo } from "./rule.ts";

export const movementRules: Pick<
  BackwardRules,
  "broadcastTo" | "transpose" | "reshape" | "slice" | "place" | "concat" | "padEdge" | "padEdgeGrad"
> = {
  broadcastTo: ({ graph, node, roles }, [gy]) => [sumTo(graph, gy!, node.inputs[0].shape, roles[0])],
  transpose: ({ graph, node, roles }, [gy]) => {
    const inverse = node.attrs.perm.map((_, axis) => node.attrs.perm.indexOf(axis));
    return [graph.apply("transpose", [gy!], { perm: inverse }, [roles[0]])[0]];
  },
  reshape: ({ graph, node, roles }, [gy]) => [
    graph.apply("reshape", [gy!], { shape: node.inputs[0].shape }, [roles[0]])[0],
  ],
  slice: ({ graph, node, roles }, [gy]) => {
    const { starts, steps } = node.attrs;
    const attrs = { value: 0, starts, steps, shape: node.inputs[0].shape };
    return [graph.apply("place", [gy!], attrs, [roles[0]])[0]];
  },
  place: ({ graph, node, roles }, [gy]) => {
    const { starts, steps } = node.attrs;
    return [graph.apply("slice", [gy!], { starts, steps, shape: node.inputs[0].shape }, [roles[0]])[0]];
  },
  concat: concatBackward,
  padEdge: ({ graph, node, roles }, [gy]) => {
    const attrs = { ...node.attrs, shape: node.inputs[0].shape };
    return [graph.apply("padEdgeGrad", [gy!], attrs, [roles[0]])[0]];
  },
  padEdgeGrad: notDifferentiable,
};

/** Every input gets its piece back. */
function concatBackward(
  { graph, node, needs, roles }: RuleContext<"concat">,
  [gy]: readonly (Value | undefined)[],
): (Value | undefined)[] {
  const { axis } = node.attrs;
  let position = 0;
  return node.inputs.map(({ shape }, i) => {
    const start = position;
    position += shape[axis];
    if (!needs[i]) return undefined;
    const starts = shape.map((_, a) => (a === axis ? start : 0));
    return graph.apply("slice", [gy!], { starts, steps: shape.map(() => 1), shape }, [roles[i]])[0];
  });
}
