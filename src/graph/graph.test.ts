import { describe, expect, it } from "vitest";
import { Graph } from "./graph.ts";
import { Tensor } from "./tensor.ts";

function input(graph: Graph, ...shape: number[]): Tensor {
  return new Tensor(graph, graph.source({ kind: "input", name: `x${shape.join("x")}` }, shape, "input"));
}

describe("graph", () => {
  it("names the module, the operation and both shapes when shapes do not fit", () => {
    const graph = new Graph();
    const [a, b] = [input(graph, 4, 3), input(graph, 5, 2)];
    expect(() => graph.scope("head.fc", () => a.matmul(b))).toThrow(
      /matmul in module "head\.fc".*K = 3 from \[4, 3\].*5 from \[5, 2\]/,
    );
  });

  it("refuses channels that do not fit the weight", () => {
    const graph = new Graph();
    expect(() => input(graph, 1, 8, 8, 3).conv2d(input(graph, 4, 3, 3, 2))).toThrow(/channels do not fit/);
  });

  it("refuses a kernel larger than the padded image", () => {
    const graph = new Graph();
    expect(() => input(graph, 1, 2, 2, 3).conv2d(input(graph, 4, 5, 5, 3))).toThrow(/larger than/);
  });

  it("gives the same source for the same name", () => {
    const graph = new Graph();
    expect(input(graph, 2, 3).value).toBe(input(graph, 2, 3).value);
  });

  it("computes output shapes as PyTorch does", () => {
    const graph = new Graph();
    const x = input(graph, 2, 32, 32, 3);
    expect(x.conv2d(input(graph, 8, 3, 3, 3), { stride: 2, padding: 1 }).shape).toEqual([2, 16, 16, 8]);
    expect(x.conv2d(input(graph, 8, 3, 3, 3), { dilation: 2 }).shape).toEqual([2, 28, 28, 8]);
    expect(x.maxPool2d({ kernelSize: 3, stride: 2, padding: 1 }).shape).toEqual([2, 16, 16, 3]);
    expect(x.mean({ axes: [1, 2] }).shape).toEqual([2, 3]);
    expect(x.sum().shape).toEqual([]);
    expect(x.transpose([3, 0, 1, 2]).shape).toEqual([3, 2, 32, 32]);
  });

  it("marks nodes with the phase and path under which they were made", () => {
    const graph = new Graph();
    const x = input(graph, 2);
    graph.scope("a.b", () => graph.during("backward", () => x.relu()));
    expect(graph.nodes[0]).toMatchObject({ path: "a.b", phase: "backward" });
    expect(graph.nodes[0].outputs[0].role).toBe("error");
  });
});
