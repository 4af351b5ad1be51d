/** Gradients of pooling. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const windowRules: Pick<
  BackwardRules,
  "maxPool2d" | "maxPool2dGrad" | "avgPool2d" | "avgPool2dGrad" | "resample2d" | "resample2dGrad"
> = {
  maxPool2d: ({ graph, node, roles }, [gy]) => {
    const attrs = { ...node.attrs, shape: node.inputs[0].shape };
    return [graph.apply("maxPool2dGrad", [gy!, node.outputs[1]], attrs, [roles[0]])[0]];
  },
  maxPool2dGrad: notDifferentiable,
  avgPool2d: ({ graph, node, roles }, [gy]) => {
    const attrs = { ...node.attrs, shape: node.inputs[0].shape };
    return [graph.apply("avgPool2dGrad", [gy!], attrs, [roles[0]])[0]];
  },
  avgPool2dGrad: notDifferentiable,
  resample2d: ({ graph, node, roles }, [gy]) => {
    const attrs = { ...node.attrs, shape: node.inputs[0].shape };
    return [graph.apply("resample2dGrad", [gy!], attrs, [roles[0]])[0]];
  },
  resample2dGrad: notDifferentiable,
};
