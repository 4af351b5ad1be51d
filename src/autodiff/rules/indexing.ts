/** Gradients of operations that go by an index tensor. Indices have none. Part of backward-rules.ts. */
import { type BackwardRules, notDifferentiable } from "./rule.ts";

export const indexingRules: Pick<
  BackwardRules,
  "gather" | "scatterAdd" | "indexSelect" | "indexAdd" | "putRows" | "topK" | "argReduce"
> = {
  gather: ({ graph, node, needs, roles }, [gy]) => {
    const [x, index] = node.inputs;
    const attrs = { axis: node.attrs.axis, shape: x.shape };
    return [needs[0] ? graph.apply("scatterAdd", [gy!, index], attrs, [roles[0]])[0] : undefined, undefined];
  },
  scatterAdd: ({ graph, node, roles }, [gy]) => {
    const { axis } = node.attrs;
    return [graph.apply("gather", [gy!, node.inputs[1]], { axis }, [roles[0]])[0], undefined];
  },
  indexSelect: ({ graph, node, needs, roles }, [gy]) => {
    const [x, index] = node.inputs;
    const attrs = { axis: node.attrs.axis, shape: x.shape };
    return [needs[0] ? graph.apply("indexAdd", [gy!, index], attrs, [roles[0]])[0] : undefined, undefined];
  },
  indexAdd: ({ graph, node, roles }, [gy]) => {
    const { axis } = node.attrs;
    return [graph.apply("indexSelect", [gy!, node.inputs[1]], { axis }, [roles[0]])[0], undefined];
  },
  putRows: notDifferentiable,
  topK: ({ graph, node, roles }, [gValues]) => {
    const attrs = { axis: node.attrs.axis, shape: node.inputs[0].shape };
    return [graph.apply("scatterAdd", [gValues!, node.outputs[1]], attrs, [roles[0]])[0]];
  },
  argReduce: () => [undefined],
};
