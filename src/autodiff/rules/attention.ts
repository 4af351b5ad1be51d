/** Gradients of the softmax of attention. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable, sumTo } from "./rule.ts";

export const attentionRules: Pick<BackwardRules, "maskedSoftmax" | "maskedSoftmaxGrad"> = {
  maskedSoftmax: ({ graph, node, needs, roles }, [gp]) => {
    const [p] = node.outputs;
    const gradient = (scale: number, input: number) =>
      graph.apply("maskedSoftmaxGrad", [gp!, p], { scale }, [roles[input]])[0];
    return node.inputs.map(({ shape, dtype }, i) => {
      if (!needs[i] || dtype !== "f32") return undefined;
      // A mask is added after the scale.
      return i === 0 ? gradient(node.attrs.scale, i) : sumTo(graph, gradient(1, i), shape, roles[i]);
    });
  },
  maskedSoftmaxGrad: notDifferentiable,
};
