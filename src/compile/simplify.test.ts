import { describe, expect, it } from "vitest";
import { floatFormat } from "../formats/catalog.ts";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { createReferenceKernels } from "../kernels/reference/kernel-set.ts";
import { evaluate } from "./evaluate.ts";
import { simplify } from "./simplify.ts";

function start() {
  const graph = new Graph();
  const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, [2, 3], "input"));
  return { graph, x };
}

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);

async function run(graph: Graph): Promise<number[]> {
  const feeds = new Map([["x", Float32Array.of(1, -2, 3, 0.1, 5, -6)]]);
  return Array.from((await evaluate(graph, { kernels: createReferenceKernels(), feeds })).get("y")!);
}

async function keepsBits(graph: Graph): Promise<Graph> {
  const simple = simplify(graph);
  expect(await run(simple)).toEqual(await run(graph));
  return simple;
}

describe("simplify", () => {
  it("computes once what is computed twice, and drops what nobody reads", async () => {
    const { graph, x } = start();
    x.exp();
    graph.output("y", x.relu().exp().mul(x.relu().exp()).value);
    expect(ops(await keepsBits(graph))).toEqual(["unary", "unary", "binary"]);
  });

  it("does not take operations with other attributes, operands or phases for the same", async () => {
    const { graph, x } = start();
    const later = graph.during("backward", () => x.neg());
    graph.output("y", x.neg().add(x.abs()).add(x.abs().neg()).add(later).value);
    expect(simplify(graph).nodes.filter(({ op }) => op === "unary")).toHaveLength(4);
    await keepsBits(graph);
  });

  it("computes constants here, in FP32", async () => {
    const { graph, x } = start();
    const one = new Tensor(graph, graph.apply("fill", [], { value: 0.1, shape: [] })[0]);
    const constant = one.affine(0.3, 0.7).broadcastTo([2, 3]);
    graph.output("y", x.mul(constant.add(constant)).value);
    const simple = await keepsBits(graph);
    expect(ops(simple)).toEqual(["fill", "binary"]);
  });

  it("shares a rounding to nearest, and never one that draws random bits", () => {
    const { graph, x } = start();
    const round = (rounding: "nearestEven" | "stochastic", tensorId: number) => {
      const quantizer = { format: floatFormat("e5m2"), rounding, overflow: "saturate" } as const;
      return new Tensor(graph, graph.apply("quantize", [x.value], { quantizer, tensorId })[0]);
    };
    const nearest = round("nearestEven", 0).add(round("nearestEven", 1));
    graph.output("y", nearest.add(round("stochastic", 2)).add(round("stochastic", 3)).value);
    const roundings = simplify(graph).nodes.filter(({ op }) => op === "quantize");
    expect(roundings.map(({ attrs }) => (attrs as { tensorId?: number }).tensorId)).toEqual([0, 2, 3]);
  });
});
