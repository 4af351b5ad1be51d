import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { BatchNorm2d, bindNames, Conv2d, init, Linear, Module, Sequential } from "./index.ts";

/** Several tensors in, several out, a list of children. */
class Pair extends Module<{ sum: Tensor; both: Tensor[] }> {
  readonly layers = [new Linear(3, 2), new Linear(4, 2)];

  forward({ a, b }: { a: Tensor; b: Tensor }) {
    const both = [this.layers[0].forward(a), this.layers[1].forward(b)];
    return { sum: both[0].add(both[1]), both };
  }
}

const inputTo = (graph: Graph, name: string, shape: readonly number[]) =>
  new Tensor(graph, graph.source({ kind: "input", name }, shape, "input"));

describe("a module", () => {
  it("takes and gives any structure of tensors, and its nodes know their paths", () => {
    const model = bindNames(new Pair());
    const graph = new Graph();
    const out = model.forward({ a: inputTo(graph, "a", [5, 3]), b: inputTo(graph, "b", [5, 4]) });
    expect(out.both.map(({ shape }) => shape)).toEqual([
      [5, 2],
      [5, 2],
    ]);
    const paths = graph.nodes.filter(({ op }) => op === "matmul").map(({ path }) => path);
    expect(paths).toEqual(["layers.0", "layers.1"]);
  });

  it("that became part of another is named anew", () => {
    const inner = init(new Linear(2, 2));
    const outer = bindNames(new Sequential(inner));
    const graph = new Graph();
    outer.forward(inputTo(graph, "x", [1, 2]));
    expect(graph.nodes.map(({ path }) => path)).toEqual(["0", "0"]);
    expect(inner.weight.name).toBe("0.weight");
  });

  it("in evaluation mode is so within a training step, and its siblings are not", () => {
    const model = bindNames(new Sequential(new BatchNorm2d(2), new BatchNorm2d(2)));
    const [[, first]] = model.namedModules().slice(1);
    first.eval();
    const graph = new Graph({ training: true });
    model.forward(inputTo(graph, "x", [3, 2, 2, 2]));
    const trained = graph.nodes.filter(({ op }) => op === "batchNormTrain").map(({ path }) => path);
    expect(trained).toEqual(["1"]);
    expect(graph.training).toBe(true);
  });

  it("keeps apart from another model with the same names in one graph", () => {
    const [one, other] = [init(new Linear(2, 2)), init(new Linear(2, 2))];
    const graph = new Graph();
    other.forward(one.forward(inputTo(graph, "x", [1, 2])));
    const states = graph.sources.filter(({ source }) => source?.kind === "state");
    expect(states.map(({ source }) => source?.name)).toEqual(["weight", "bias", "weight#2", "bias#2"]);
  });
});

describe("a state dict", () => {
  const model = () => init(new Sequential(new Conv2d(2, 3, 2), new BatchNorm2d(3)), { seed: 3 });

  it("has PyTorch's names and layouts, and goes round", () => {
    const from = model();
    const dict = from.stateDict();
    expect([...dict].map(([key, { shape }]) => [key, shape])).toEqual([
      ["0.weight", [3, 2, 2, 2]],
      ["0.bias", [3]],
      ["1.weight", [3]],
      ["1.bias", [3]],
      ["1.running_mean", [3]],
      ["1.running_var", [3]],
    ]);
    // OIHW [k, c, r, s] is KRSC [k, r, s, c].
    const ours = from.parameters()[0].data!;
    expect(dict.get("0.weight")!.data[((2 * 2 + 1) * 2 + 0) * 2 + 1]).toBe(
      ours[((2 * 2 + 0) * 2 + 1) * 2 + 1],
    );
    const to = init(new Sequential(new Conv2d(2, 3, 2), new BatchNorm2d(3)), { seed: 4 });
    const array = to.parameters()[0].data;
    to.loadStateDict(new Map([...dict, ["1.num_batches_tracked", { shape: [], data: new Float32Array(1) }]]));
    expect(to.stateDict()).toEqual(dict);
    expect(to.parameters()[0].data).toBe(array);
  });

  it("that lacks keys or has others is refused with their names, and nothing is loaded", () => {
    const to = model();
    const before = to.stateDict();
    const dict = to.stateDict();
    dict.set("2.weight", dict.get("1.weight")!);
    dict.delete("0.bias");
    expect(() => to.loadStateDict(dict)).toThrow(/0\.bias.*2\.weight/);
    dict.set("1.weight", { shape: [1], data: new Float32Array(1) });
    expect(() => to.loadStateDict(dict, { strict: false })).toThrow(/"1\.weight".*\[3\].*\[1\]/);
    expect(to.stateDict()).toEqual(before);
  });
});
