import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { buildPlan } from "./build-plan.ts";

const SGD = { momentum: 0, dampening: 0, weightDecay: 0, clipValue: Infinity, nesterov: false };

function start() {
  const graph = new Graph();
  const source = (kind: "input" | "state", name: string, shape: number[]) =>
    new Tensor(graph, graph.source({ kind, name }, shape, kind === "state" ? "weight" : "input"));
  const [rate, count] = [source("input", "rate", [1]), source("input", "count", [1])];
  const update = (weight: Tensor, gradient: Tensor) => {
    const inputs = [weight, gradient, rate, count].map(({ value }) => value);
    graph.update(weight.value, graph.during("update", () => graph.apply("sgdUpdate", inputs, SGD))[0]);
  };
  return { graph, source, update };
}

const namesOf = (graph: Graph) =>
  buildPlan(graph).plan.commands.map(({ op, attrs }) => ("kind" in attrs ? String(attrs.kind) : op));

describe("schedule", () => {
  it("updates a weight as soon as its gradient is there, and reuses the gradient's memory", () => {
    const { graph, source, update } = start();
    const x = source("input", "x", [256]);
    const weights = [source("state", "a", [256]), source("state", "b", [256])];
    const gradients = [x.exp(), x.tanh()];
    for (const [i, weight] of weights.entries()) update(weight, gradients[i]);
    expect(namesOf(graph)).toEqual(["exp", "sgdUpdate", "tanh", "sgdUpdate"]);
    const bytes = (fusion: boolean) => buildPlan(graph, { fusion }).plan.arenaBytes;
    expect([bytes(true), bytes(false)]).toEqual([1024, 2048]);
  });

  it("waits for the last reader of the weight", () => {
    const { graph, source, update } = start();
    const x = source("input", "x", [256]);
    const [first, second] = [source("state", "a", [256]), source("state", "b", [256])];
    const gradient = x.exp();
    graph.output("y", first.abs().value);
    const other = x.tanh();
    update(first, gradient);
    update(second, other);
    expect(namesOf(graph)).toEqual(["exp", "abs", "sgdUpdate", "tanh", "sgdUpdate"]);
  });

  it("waits for what is computed of all gradients", () => {
    const { graph, source } = start();
    const x = source("input", "x", [256]);
    const state = source("state", "scale", [4]);
    const gradients = [x.exp(), x.tanh()];
    graph.during("update", () => {
      const inputs = gradients.map(({ value }) => value);
      const [found] = graph.apply("countNonFinite", inputs, {});
      const attrs = {
        growthFactor: 2,
        backoffFactor: 0.5,
        growthInterval: 9,
        minScale: 1,
        maxScale: 2 ** 24,
      };
      graph.update(state.value, graph.apply("lossScaleUpdate", [state.value, found], attrs)[0]);
    });
    graph.output("y", x.neg().value);
    expect(namesOf(graph)).toEqual(["exp", "tanh", "countNonFinite", "lossScaleUpdate", "neg"]);
  });
});
