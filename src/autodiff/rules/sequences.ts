/** Gradients of embedding and of recurrent cells. Part of backward-rules.ts. */
import type { Graph, Value } from "../../graph/graph.ts";
import { type BackwardRules, notDifferentiable, sumTo } from "./rule.ts";

export const sequenceRules: Pick<
  BackwardRules,
  | "embedding"
  | "embeddingGrad"
  | "embeddingGradRows"
  | "lstmCell"
  | "lstmCellGrad"
  | "gruCell"
  | "gruCellGrad"
> = {
  embedding: ({ graph, node, roles }, [gy]) => {
    const [weight, ...places] = node.inputs;
    const attrs = { ...node.attrs, shape: weight.shape };
    return [graph.apply("embeddingGrad", [gy!, ...places], attrs, [roles[0]])[0]];
  },
  embeddingGrad: notDifferentiable,
  embeddingGradRows: notDifferentiable,
  lstmCell: ({ graph, node, roles }, [gh, gNext, gGates]) => {
    refuse(gGates, "lstmCell");
    const [, , c] = node.inputs;
    const [, next, gates] = node.outputs;
    const none = zeros(graph, c.shape);
    const inputs = [gh ?? none, none, gNext ?? none, gates, c, next];
    const [gz, gc] = graph.apply("lstmCellGrad", inputs, {}, [roles[0], roles[2]]);
    return [gz, gz, gc, ...node.inputs.slice(3).map(({ shape }, i) => sumTo(graph, gz, shape, roles[3 + i]))];
  },
  lstmCellGrad: notDifferentiable,
  gruCell: ({ graph, node, roles }, [gNext, gGates]) => {
    refuse(gGates, "gruCell");
    const [, , h] = node.inputs;
    const [, gates] = node.outputs;
    const none = zeros(graph, h.shape);
    const inputs = [gNext ?? none, none, none, gates, h];
    const [gzx, gzh, gh] = graph.apply("gruCellGrad", inputs, {}, [roles[0], roles[1], roles[2]]);
    const biases = node.inputs
      .slice(3)
      .map(({ shape }, i) => sumTo(graph, i === 0 ? gzx : gzh, shape, roles[3 + i]));
    return [gzx, gzh, gh, ...biases];
  },
  gruCellGrad: notDifferentiable,
};

/** A gradient of zero where nothing flows back. */
export function zeros(graph: Graph, shape: readonly number[]): Value {
  return graph.apply("fill", [], { value: 0, shape }, ["control"])[0];
}

function refuse(gGates: Value | undefined, op: string): void {
  if (gGates !== undefined) throw new Error(`the gates of ${op} are for its gradient only`);
}
