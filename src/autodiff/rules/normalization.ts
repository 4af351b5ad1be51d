/** Gradients of normalisations. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const normalizationRules: Pick<BackwardRules, "batchNormTrain" | "batchNormTrainGrad"> = {
  batchNormTrain: ({ graph, node, roles }, [gy]) => {
    const [x, weight] = node.inputs;
    const [, mean, invStd] = node.outputs;
    const inputs = [gy!, x, weight, mean, invStd];
    return [...graph.apply("batchNormTrainGrad", inputs, {}, roles), undefined, undefined];
  },
  batchNormTrainGrad: notDifferentiable,
};
