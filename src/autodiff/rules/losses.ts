/** Gradients of losses. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const lossRules: Pick<
  BackwardRules,
  "softmaxCrossEntropy" | "softmaxCrossEntropyGrad" | "ctcLoss" | "ctcLossGrad"
> = {
  softmaxCrossEntropy: ({ graph, node, roles }, [gLoss]) => {
    const [logits, labels] = node.inputs;
    return [
      graph.apply("softmaxCrossEntropyGrad", [gLoss!, logits, labels], node.attrs, [roles[0]])[0],
      undefined,
    ];
  },
  softmaxCrossEntropyGrad: notDifferentiable,
  ctcLoss: ({ graph, node, roles }, [gLoss]) => [
    graph.apply("ctcLossGrad", [gLoss!, ...node.inputs], node.attrs, [roles[0]])[0],
    undefined,
    undefined,
    undefined,
  ],
  ctcLossGrad: notDifferentiable,
};
