import { expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { buildPlan } from "./build-plan.ts";
import { explainPlan } from "./explain.ts";
import { mermaid } from "./mermaid.ts";

function explained() {
  const graph = new Graph();
  const x = new Tensor(graph, graph.source({ kind: "input", name: 'the "x"' }, [2, 3], "input"));
  const y = graph.scope("block.0", () => x.exp()).sum();
  const z = graph.during("backward", () => y.neg());
  graph.output("y", y.value);
  graph.output("z", z.value);
  return explainPlan(graph, buildPlan(graph));
}

it("draws the forward phase: sources, modules, operations, what flows", () => {
  expect(mermaid(explained()).trim().split("\n")).toEqual([
    "flowchart TD",
    '  s0(["the #quot;x#quot;"])',
    '  subgraph m0 ["block.0"]',
    '    n0["unary exp"]',
    "  end",
    '  n1["reduceSum"]',
    '  n2["reshape"]',
    '  s0 -->|"2×3 fp32"| n0',
    '  n0 -->|"2×3 fp32"| n1',
    '  n1 -->|"1×1 fp32"| n2',
  ]);
});

it("draws the phases that are asked for", () => {
  const text = mermaid(explained(), { phases: ["forward", "backward"] });
  expect(text).toContain('n2 -->|"scalar fp32"| n3');
});
