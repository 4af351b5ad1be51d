/** Gradients of losses. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const lossRules: Pick<BackwardRules, "softmaxCrossEntropy" | "softmaxCrossEntropyGrad"> = {
  softmaxCrossEntropy: ({ graph, node, roles }, [gLoss]) => {
    const [logits, labels] = node.inputs;
    return [
      graph.apply("softmaxCrossEntropyGrad", [gLoss!, logits, labels], node.attrs, [roles[0]])[0],
      undefined,
    ];
  },
  softmaxCrossEntropyGrad: notDifferentiable,
};
