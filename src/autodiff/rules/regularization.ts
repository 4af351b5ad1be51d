/** Gradients through random masks: the same mask, drawn again. Part of backward-rules.ts. */
import type { BackwardRules } from "./rule.ts";

export const regularizationRules: Pick<BackwardRules, "dropout"> = {
  dropout: ({ graph, node, roles }, [gy]) => [graph.apply("dropout", [gy!], node.attrs, [roles[0]])[0]],
};
