import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { buildPlan } from "./build-plan.ts";
import { explainPlan } from "./explain.ts";

function explained() {
  const graph = new Graph();
  const source = (name: string, shape: number[], role: "input" | "weight") =>
    new Tensor(graph, graph.source({ kind: role === "input" ? "input" : "state", name }, shape, role));
  const round = (x: Tensor, name: string) => {
    const quantizer = { format: format(name), rounding: "nearestEven", overflow: "infinity" } as const;
    return new Tensor(graph, graph.apply("quantize", [x.value], { quantizer })[0]);
  };
  const [x, w] = [source("x", [2, 3], "input"), source("w", [3, 4], "weight")];
  const product = graph.scope("fc", () => round(x, "bf16").matmul(round(w, "e5m2")));
  graph.output("y", round(product, "bf16").relu().value);
  return explainPlan(graph, buildPlan(graph, { fusion: false }));
}

describe("explainPlan", () => {
  it("says where each rounding happens", () => {
    const roundings = explained().nodes.flatMap(({ rounding }) => (rounding ? [rounding] : []));
    expect(roundings.map(({ format: name, fused }) => [name, fused])).toEqual([
      ["bf16", false],
      ["e5m2", false],
      ["bf16", true],
    ]);
  });

  it("names GEMM, carrier and accumulator", () => {
    const gemm = explained().nodes.find(({ op }) => op === "matmul");
    expect(gemm).toMatchObject({ path: "fc", gemm: "output", carrier: "bf16", accumulator: "fp32" });
  });

  it("gives every tensor its format and its bytes, rounded results in place of raw ones", () => {
    const { edges } = explained();
    const forms = edges.map(({ format: name, storage, bytes }) => [name, storage, bytes]);
    expect(forms).toEqual([
      ["fp32", "f32", 24],
      ["fp32", "f32", 48],
      ["bf16", "bf16", 12],
      ["e5m2", "bf16", 24],
      ["fp32", "register", 0],
      ["bf16", "bf16", 16],
      ["bf16", "f32", 32],
    ]);
  });

  it("counts memory by role", () => {
    const { memory } = explained();
    expect(memory.stateBytesByRole).toMatchObject({ input: 24, weight: 48 });
    expect(memory.arenaBytes).toBeGreaterThan(0);
  });
});
