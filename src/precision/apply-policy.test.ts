import { describe, expect, it } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { format } from "../formats/catalog.ts";
import { Graph, type Node } from "../graph/graph.ts";
import type { Quantizer } from "../graph/primitives.ts";
import { Tensor } from "../graph/tensor.ts";
import { applyPolicy, gemmOf } from "./apply-policy.ts";
import type { Policy, PolicyRole } from "./policy.ts";

const q = (name: string): Quantizer => ({
  format: format(name),
  rounding: "nearestEven",
  overflow: "infinity",
});
const everywhere = (roles: readonly PolicyRole[], quantizer: Quantizer): Policy => ({
  rules: [{ roles, quantizer }],
});

/** conv → relu → conv, and the gradients of both weights. */
function twoConvolutions(): Graph {
  const graph = new Graph({ training: true });
  const source = (name: string, shape: number[], role: "input" | "weight") =>
    new Tensor(graph, graph.source({ kind: role === "input" ? "input" : "state", name }, shape, role));
  const x = source("x", [1, 4, 4, 2], "input");
  const [w1, w2] = [source("w1", [2, 3, 3, 2], "weight"), source("w2", [2, 3, 3, 2], "weight")];
  const h = graph.scope("conv1", () => x.conv2d(w1, { padding: 1 }).relu());
  const y = graph.scope("conv2", () => h.conv2d(w2, { padding: 1 }));
  const seed = graph.source({ kind: "input", name: "seed" }, y.shape, "control");
  gradients(graph, [y.value], [seed], [w1.value, w2.value]).forEach((grad, i) => {
    graph.output(`g${i}`, grad!);
  });
  graph.output("y", y.value);
  return graph;
}

const roundings = (graph: Graph) =>
  graph.nodes.filter((node): node is Node & { op: "quantize" } => node.op === "quantize");
const gemms = (graph: Graph) => graph.nodes.filter((node) => gemmOf(node) !== undefined);
const producer = (graph: Graph, value: unknown) =>
  graph.nodes.find((node) => node.outputs.includes(value as never));

describe("applyPolicy", () => {
  it("quantises a tensor once for each axis that a GEMM sums over: twice in blocks, once in square tiles", () => {
    // conv2: input and weight, in two passes each (the seed is no error); conv1: input in two, weight and error in one.
    const blocks = (name: string) =>
      roundings(applyPolicy(twoConvolutions(), everywhere(["input", "weight", "gradOutput"], q(name))));
    expect(blocks("mxfp4").length).toBe(4 + 4);
    expect(blocks("hbfp8").length).toBe(2 + 3);
    const axes = new Set(blocks("mxfp4").map(({ attrs }) => attrs.blocks?.along));
    expect(axes).toEqual(
      new Set(["the input channels of a tap", "the output channels of a tap", "the batch"]),
    );
  });

  it("leaves a graph alone when the policy is empty", () => {
    const graph = applyPolicy(twoConvolutions(), { rules: [] });
    expect(roundings(graph)).toEqual([]);
    expect(graph.nodes.length).toBe(twoConvolutions().nodes.length);
  });

  it("rounds every operand of every GEMM, each tensor once", () => {
    const graph = applyPolicy(twoConvolutions(), everywhere(["input", "weight", "gradOutput"], q("bf16")));
    for (const node of gemms(graph)) {
      for (const operand of node.inputs) {
        const from = producer(graph, operand);
        // The seed is a control value: nothing asks for rounding it.
        if (operand.source?.name !== "seed") expect(from?.op).toBe("quantize");
      }
    }
    const rounded = roundings(graph).map((node) => node.inputs[0]);
    expect(new Set(rounded).size).toBe(rounded.length);
  });

  it("does not round again what relu, a view or a copy leaves in the format", () => {
    const graph = applyPolicy(twoConvolutions(), everywhere(["input", "activation"], q("e5m2")));
    const relu = graph.nodes.find((node) => node.op === "unary")!;
    const second = gemms(graph).filter((node) => node.phase === "forward")[1];
    expect(producer(graph, relu.inputs[0])?.op).toBe("quantize");
    expect(second.inputs[0]).toBe(relu.outputs[0]);
  });

  it("knows the three GEMMs of a layer", () => {
    const kinds = gemms(twoConvolutions()).map((node) => [node.path, gemmOf(node)]);
    expect(kinds).toEqual([
      ["conv1", "output"],
      ["conv2", "output"],
      ["conv2", "gradInput"],
      ["conv2", "gradWeight"],
      ["conv1", "gradWeight"],
    ]);
  });

  it("can treat one GEMM differently from the others", () => {
    const policy: Policy = { rules: [{ roles: ["weight"], gemms: ["gradInput"], quantizer: q("e4m3") }] };
    const graph = applyPolicy(twoConvolutions(), policy);
    expect(roundings(graph)).toHaveLength(1);
    const gradInput = gemms(graph).find((node) => gemmOf(node) === "gradInput")!;
    expect(producer(graph, gradInput.inputs[1])?.op).toBe("quantize");
  });

  it("finds the first and last layer by themselves", () => {
    const policy: Policy = {
      rules: [
        { path: "@firstGemm", roles: ["weight"], quantizer: "fp32" },
        { roles: ["weight"], quantizer: q("e5m2") },
      ],
    };
    const rounded = roundings(applyPolicy(twoConvolutions(), policy)).map(
      (node) => node.inputs[0].source?.name,
    );
    expect(rounded).toEqual(["w2"]);
  });

  it("rounds a product and its bias once, after the sum", () => {
    const graph = new Graph();
    const tensor = (name: string, shape: number[], role: "input" | "weight" | "bias") =>
      new Tensor(graph, graph.source({ kind: "input", name }, shape, role));
    const product = tensor("x", [2, 3], "input").matmul(tensor("w", [3, 4], "weight"));
    graph.output("y", product.add(tensor("b", [4], "bias")).value);
    const rounded = roundings(applyPolicy(graph, everywhere(["activation"], q("bf16"))));
    expect(rounded).toHaveLength(1);
  });
});
