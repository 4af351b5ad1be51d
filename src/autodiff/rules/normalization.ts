/** Gradients of normalisations. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const normalizationRules: Pick<
  BackwardRules,
  | "batchNormTrain"
  | "batchNormTrainGrad"
  | "groupNorm"
  | "groupNormGrad"
  | "localResponseNorm"
  | "localResponseNormGrad"
> = {
  batchNormTrain: ({ graph, node, roles }, [gy]) => {
    const [x, weight] = node.inputs;
    const [, mean, invStd] = node.outputs;
    const inputs = [gy!, x, weight, mean, invStd];
    return [...graph.apply("batchNormTrainGrad", inputs, {}, roles), undefined, undefined];
  },
  batchNormTrainGrad: notDifferentiable,
  groupNorm: ({ graph, node, roles }, [gy]) => {
    const [x, weight] = node.inputs;
    const [, mean, invStd] = node.outputs;
    return [...graph.apply("groupNormGrad", [gy!, x, weight, mean, invStd], node.attrs, roles)];
  },
  groupNormGrad: notDifferentiable,
  localResponseNorm: ({ graph, node, roles }, [gy]) => [
    ...graph.apply("localResponseNormGrad", [gy!, node.inputs[0]], node.attrs, roles),
  ],
  localResponseNormGrad: notDifferentiable,
};
