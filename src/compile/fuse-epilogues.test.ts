import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Command } from "../kernels/contract.ts";
import { buildPlan } from "./build-plan.ts";
import { explainPlan } from "./explain.ts";

function start(...shape: number[]) {
  const graph = new Graph();
  const input = (name: string, ...size: number[]) =>
    new Tensor(graph, graph.source({ kind: "input", name }, size, "input"));
  const round = (t: Tensor, name: string) => {
    const quantizer = { format: format(name), rounding: "nearestEven", overflow: "infinity" } as const;
    return new Tensor(graph, graph.apply("quantize", [t.value], { quantizer })[0]);
  };
  return { graph, x: input("x", ...shape), input, round };
}

/** `matmul+add+relu`: a command and its steps. */
function names({ op, attrs, epilogue = [] }: Command): string {
  const kindOf = (one: { op: string; attrs: object }) =>
    "kind" in one.attrs ? String(one.attrs.kind) : one.op;
  return [kindOf({ op, attrs }), ...epilogue.map(kindOf)].join("+");
}

const commandsOf = (graph: Graph) => buildPlan(graph).plan.commands.map(names);

describe("fusion", () => {
  it("makes bias, residual and ReLU steps of a product, with the roundings between them", () => {
    const { graph, x, input, round } = start(4, 6);
    const sum = round(x.matmul(input("w", 6, 5)).add(input("b", 5)), "bf16");
    graph.output("y", round(sum.add(input("r", 4, 5)), "e5m2").relu().value);
    const [command] = buildPlan(graph).plan.commands;
    expect(names(command)).toBe("matmul+add+add+relu");
    expect(command.epilogue?.map(({ round: rounding }) => rounding?.format.name)).toEqual([
      undefined,
      "bf16",
      "e5m2",
    ]);
    expect(command.outputs[0].store).toBeUndefined();
  });

  it("leaves a second tensor to a pass of its own behind a convolution, and joins bias and ReLU", () => {
    const { graph, x, input } = start(1, 4, 4, 2);
    const attrs = { strideH: 1, strideW: 1, padH: 0, padW: 0, dilationH: 1, dilationW: 1, groups: 1 };
    const weight = input("w", 3, 1, 1, 2);
    const product = graph.apply("conv2d", [x.value, weight.value], { ...attrs, carrier: "f32" })[0];
    const biased = new Tensor(graph, product).add(input("b", 3)).relu();
    graph.output("y", biased.add(input("r", 1, 4, 4, 3)).relu().value);
    expect(commandsOf(graph)).toEqual(["conv2d+add+relu", "add+relu"]);
  });

  it("can be switched off", () => {
    const { graph, x } = start(4);
    graph.output("y", x.exp().relu().value);
    expect(buildPlan(graph, { fusion: false }).plan.commands.map(names)).toEqual(["exp", "relu"]);
    expect(commandsOf(graph)).toEqual(["exp+relu"]);
  });

  it("keeps a result that something else reads, or that is an output", () => {
    const { graph, x } = start(4);
    const raw = x.exp();
    const total = raw.sum();
    graph.output("y", raw.relu().add(total).value);
    graph.output("z", x.neg().value);
    graph.output("w", x.neg().abs().value);
    const commands = commandsOf(graph);
    expect(commands[0]).toBe("exp");
    expect(commands).toContain("relu+add");
    expect(commands).toContain("neg");
  });

  it("joins a sum to the later of the two results, which the other one is ready for", () => {
    const { graph, x } = start(4, 4);
    const [early, late] = [x.matmul(x), x.exp()];
    graph.output("y", early.sub(late).value);
    const [first, second] = buildPlan(graph).plan.commands;
    expect([names(first), names(second)]).toEqual(["matmul", "exp+sub"]);
    expect(second.epilogue?.[0]).toMatchObject({ resultFirst: false });
    expect(second.epilogue?.[0].operand?.buffer).toBe(first.outputs[0].buffer);
  });

  it("does not join what reads one result twice", () => {
    const { graph, x } = start(4);
    const y = x.exp();
    graph.output("y", y.mul(y).value);
    expect(commandsOf(graph)).toEqual(["exp", "mul"]);
  });

  it("reads operands in the shape of the command, and rows only along its last axis", () => {
    const { graph, x, input } = start(6, 8);
    const product = x.matmul(input("w", 8, 4)).reshape([2, 3, 4]);
    const summed = product.add(input("row", 4)).add(input("whole", 2, 3, 4));
    graph.output("y", summed.mul(input("column", 3, 1)).value);
    const [first, second] = buildPlan(graph).plan.commands;
    expect(names(first)).toBe("matmul+add+add");
    expect(first.outputs[0].shape).toEqual([6, 4]);
    expect(first.epilogue?.map(({ operand }) => operand?.shape)).toEqual([[4], [6, 4]]);
    expect(names(second)).toBe("mul");
    expect(second.inputs[0].shape).toEqual([2, 3, 4]);
  });

  it("does not move an update of a state in front of its readers", () => {
    const { graph, x } = start(4);
    const state = new Tensor(graph, graph.source({ kind: "state", name: "s" }, [4], "statistic"));
    const change = x.exp();
    graph.output("old", state.relu().value);
    graph.update(state.value, state.add(change).value);
    expect(commandsOf(graph)).toEqual(["exp", "relu", "add"]);
  });

  it("takes the memory of what lies between out of the arena", () => {
    const { graph, x } = start(1024);
    graph.output("y", x.exp().relu().sum().value);
    const bytes = (fusion: boolean) => buildPlan(graph, { fusion }).plan.arenaBytes;
    expect(bytes(true)).toBeLessThanOrEqual(bytes(false) - 4096);
  });

  it("is explained: groups, and results that are never in memory", () => {
    const { graph, x, round } = start(4, 4);
    const gradient = graph.apply("unaryGrad", [x.value, round(x.matmul(x), "bf16").value], {
      kind: "relu",
    })[0];
    graph.output("y", gradient);
    const { groups, nodes, edges } = explainPlan(graph, buildPlan(graph));
    expect(groups).toEqual([{ host: 0, nodes: [0, 2], steps: "matmul → round bf16 → gradient of relu" }]);
    expect(nodes.map(({ fusedInto }) => fusedInto)).toEqual([undefined, undefined, 0]);
    expect(edges.map(({ storage, bytes }) => [storage, bytes])).toEqual([
      ["f32", 64],
      ["register", 0],
      ["register", 0],
      ["f32", 64],
    ]);
  });
});
