/** Gradients of operations that add up, repeat or move elements. Part of backward-rules.ts. */
import { type BackwardRules, sumTo } from "./rule.ts";

export const movementRules: Pick<BackwardRules, "reduceSum" | "broadcastTo" | "transpose" | "reshape"> = {
  reduceSum: ({ graph, node, roles }, [gy]) => [
    graph.apply("broadcastTo", [gy!], { shape: node.inputs[0].shape }, [roles[0]])[0],
  ],
  broadcastTo: ({ graph, node, roles }, [gy]) => [sumTo(graph, gy!, node.inputs[0].shape, roles[0])],
  transpose: ({ graph, node, roles }, [gy]) => {
    const inverse = node.attrs.perm.map((_, axis) => node.attrs.perm.indexOf(axis));
    return [graph.apply("transpose", [gy!], { perm: inverse }, [roles[0]])[0]];
  },
  reshape: ({ graph, node, roles }, [gy]) => [
    graph.apply("reshape", [gy!], { shape: node.inputs[0].shape }, [roles[0]])[0],
  ],
};
