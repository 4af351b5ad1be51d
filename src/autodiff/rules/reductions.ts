/** Gradients of operations that combine the elements along axes. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const reductionRules: Pick<
  BackwardRules,
  "reduceSum" | "reduce" | "reduceGrad" | "softmax" | "softmaxGrad" | "cumsum"
> = {
  reduceSum: ({ graph, node, roles }, [gy]) => [
    graph.apply("broadcastTo", [gy!], { shape: node.inputs[0].shape }, [roles[0]])[0],
  ],
  reduce: ({ graph, node, roles }, [gy]) => [
    graph.apply("reduceGrad", [gy!, node.inputs[0]], node.attrs, [roles[0]])[0],
  ],
  reduceGrad: notDifferentiable,
  softmax: ({ graph, node, roles }, [gy]) => [
    graph.apply("softmaxGrad", [node.outputs[0], gy!], node.attrs, [roles[0]])[0],
  ],
  softmaxGrad: notDifferentiable,
  cumsum: ({ graph, node, roles }, [gy]) => [
    graph.apply("cumsum", [gy!], { ...node.attrs, reverse: !node.attrs.reverse }, [roles[0]])[0],
  ],
};
