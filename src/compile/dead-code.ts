/** Dead-code elimination: the nodes of a graph that some output or state update depends on, in order. */
import type { Graph, Node, Value } from "../graph/graph.ts";

export function liveNodes(graph: Graph): Node[] {
  const needed = new Set<Value>(graph.outputs.values());
  for (const { next } of graph.updates) needed.add(next);
  const live: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    live.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  return live.reverse();
}
