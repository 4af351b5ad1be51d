import { describe, expect, it } from "vitest";
import { elementCount, Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { namedParameters, namedStates } from "../nn/index.ts";
import { MODELS, modelDefinition } from "./catalog.ts";
import { classifierLogits } from "./classifier.ts";
import { createModel } from "./model.ts";

const task = { channels: 1, size: 32, classes: 10 };
const parameterCount = (name: string, options = {}) =>
  namedParameters(createModel(modelDefinition(name), task, options)).reduce(
    (sum, [, { shape }]) => sum + elementCount(shape),
    0,
  );

/** Options for pictures of 32 pixels, where the full-size stem leaves nothing of them. */
const SMALL: Readonly<Record<string, Record<string, number>>> = { alexnet: { stemKernel: 3 } };

describe("models", () => {
  it.each(MODELS.map(({ name }) => name))("%s maps images to logits in both modes", (name) => {
    for (const training of [true, false]) {
      const graph = new Graph({ training });
      const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, [3, 32, 32, 1], "input"));
      const { logits, auxiliary } = classifierLogits(
        createModel(modelDefinition(name), task, SMALL[name]).forward(x),
      );
      expect(logits.shape).toEqual([3, 10]);
      for (const aside of auxiliary) expect(aside.logits.shape).toEqual([3, 10]);
    }
  });

  it("have the parameter counts of their definitions", () => {
    expect(parameterCount("mlp", { width: 100 })).toBe(1024 * 100 + 100 + 100 * 100 + 100 + 100 * 10 + 10);
    // LeNet-5: 156 + 2416 + 48120 + 10164 + 850.
    expect(parameterCount("lenet")).toBe(61706);
    // ResNet-20: the stem, three stages of three blocks, two 1×1 shortcuts, 64·10 + 10, and 2 per channel for each norm.
    const stem = 9 * 16 + 32;
    const stage = (from: number, to: number) =>
      9 * from * to + 5 * 9 * to * to + 6 * 2 * to + (from === to ? 0 : from * to + 2 * to);
    expect(parameterCount("resnet20")).toBe(stem + stage(16, 16) + stage(16, 32) + stage(32, 64) + 650);
  });

  it.each([
    ["alexnet", 61_100_840],
    ["vgg16", 138_357_544],
    ["googlenet", 13_004_888],
    ["resnet18", 11_689_512],
    ["resnet34", 21_797_672],
    ["resnet50", 25_557_032],
  ])("%s at full size has the published number of parameters, %i", (name, count) => {
    const imagenet = { channels: 3, size: 224, classes: 1000 };
    const model = createModel(modelDefinition(name), imagenet);
    expect(namedParameters(model).reduce((sum, [, { shape }]) => sum + elementCount(shape), 0)).toBe(count);
  });

  it("resnet50 has the published size of every stage at 224 pixels", () => {
    const graph = new Graph({ training: true });
    const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, [1, 224, 224, 3], "input"));
    createModel(modelDefinition("resnet50"), { channels: 3, size: 224, classes: 1000 }).forward(x);
    const lastOf = (path: string) =>
      graph.nodes.findLast((node) => node.path.startsWith(path))!.outputs[0].shape.slice(1);
    expect(lastOf("conv1")).toEqual([112, 112, 64]);
    expect(lastOf("maxpool")).toEqual([56, 56, 64]);
    expect(lastOf("layer1.2")).toEqual([56, 56, 256]);
    expect(lastOf("layer2.3")).toEqual([28, 28, 512]);
    expect(lastOf("layer3.5")).toEqual([14, 14, 1024]);
    expect(lastOf("layer4.2")).toEqual([7, 7, 2048]);
  });

  it("googlenet has auxiliary classifiers in training only, and 6.6 million parameters without them", () => {
    const model = createModel(modelDefinition("googlenet"), { channels: 3, size: 224, classes: 1000 });
    const count = namedParameters(model)
      .filter(([name]) => !name.startsWith("aux"))
      .reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
    expect(count).toBe(6_624_904);
    const asides = [true, false].map((training) => {
      const graph = new Graph({ training });
      const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, [1, 224, 224, 3], "input"));
      return classifierLogits(model.forward(x)).auxiliary.length;
    });
    expect(asides).toEqual([2, 0]);
  });

  it("a ResNet for small pictures keeps their size in the stem", () => {
    const model = createModel(modelDefinition("resnet18"), task, { stemKernel: 3, width: 8 });
    const graph = new Graph({ training: true });
    const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, [1, 32, 32, 1], "input"));
    model.forward(x);
    expect(graph.nodes.find(({ path }) => path === "layer1.0.conv1")!.inputs[0].shape).toEqual([
      1, 32, 32, 8,
    ]);
    expect(() => createModel(modelDefinition("resnet18"), task, { stemKernel: 5 })).toThrow(/stemKernel/);
  });

  it("use PyTorch's names", () => {
    const names = namedStates(createModel(modelDefinition("resnet20"), task)).map(([name]) => name);
    expect(names).toContain("layer2.0.downsample.0.weight");
    expect(names).toContain("layer3.2.bn2.running_var");
    expect(names).toContain("fc.bias");
    expect(new Set(names).size).toBe(names.length);
  });

  it("attribute every node to a module", () => {
    const graph = new Graph({ training: true });
    const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, [1, 32, 32, 1], "input"));
    createModel(modelDefinition("resnet20"), task).forward(x);
    const convolutions = graph.nodes.filter(({ op }) => op === "conv2d").map(({ path }) => path);
    expect(convolutions[0]).toBe("conv1");
    expect(convolutions).toContain("layer1.2.conv2");
    expect(graph.nodes.some(({ op, path }) => op === "unary" && path === "layer1.0")).toBe(true);
  });

  it("refuse unknown names and options", () => {
    expect(() => modelDefinition("resnet2O")).toThrow(/Did you mean "resnet20"/);
    expect(() => createModel(modelDefinition("mlp"), task, { depth: 3 })).toThrow(/no option "depth"/);
    expect(() => createModel(modelDefinition("mlp"), task, { width: 0 })).toThrow(/positive integer/);
  });
});
