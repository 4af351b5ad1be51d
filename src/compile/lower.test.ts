import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import { Graph } from "../graph/graph.ts";
import type { Quantizer } from "../graph/primitives.ts";
import { Tensor } from "../graph/tensor.ts";
import { buildPlan } from "./build-plan.ts";

const quantizer = (name: string, rounding: Quantizer["rounding"] = "nearestEven"): Quantizer => ({
  format: format(name),
  rounding,
  overflow: "infinity",
});

function start(...shape: number[]) {
  const graph = new Graph();
  const x = new Tensor(graph, graph.source({ kind: "input", name: "x" }, shape, "input"));
  const round = (t: Tensor, q: Quantizer) =>
    new Tensor(graph, graph.apply("quantize", [t.value], { quantizer: q })[0]);
  return { graph, x, round };
}

const commandsOf = (graph: Graph) => buildPlan(graph, { fusion: false }).plan.commands;

describe("lowering", () => {
  it("drops nodes that nothing depends on", () => {
    const { graph, x } = start(4);
    x.exp();
    graph.output("y", x.relu().value);
    expect(commandsOf(graph).map(({ op }) => op)).toEqual(["unary"]);
  });

  it("makes a reshape an alias of its input", () => {
    const { graph, x } = start(2, 6);
    graph.output("y", x.relu().reshape([3, 4]).relu().value);
    const [first, second] = commandsOf(graph);
    expect(second.inputs[0].buffer).toBe(first.outputs[0].buffer);
    expect(second.inputs[0].shape).toEqual([3, 4]);
  });

  it("rounds on store when only the rounding reads the result", () => {
    const { graph, x, round } = start(4);
    graph.output("y", round(x.exp(), quantizer("e5m2")).relu().value);
    const commands = commandsOf(graph);
    expect(commands.map(({ op }) => op)).toEqual(["unary", "unary"]);
    expect(commands[0].outputs[0].store?.format.name).toBe("e5m2");
    expect(commands[0].outputs[0].dtype).toBe("bf16");
  });

  it("keeps the unrounded result when something else reads it", () => {
    const { graph, x, round } = start(4);
    const raw = x.exp();
    graph.output("sum", raw.add(round(raw, quantizer("bf16"))).value);
    const commands = commandsOf(graph);
    expect(commands.map(({ op }) => op)).toEqual(["unary", "copy", "binary"]);
    expect(commands[0].outputs[0].store).toBeUndefined();
    expect(commands[1].outputs[0].store?.format.name).toBe("bf16");
  });

  it("stores FP16 values in FP32: they do not fit BF16", () => {
    const { graph, x, round } = start(4);
    graph.output("y", round(x.exp(), quantizer("fp16")).relu().value);
    expect(commandsOf(graph)[0].outputs[0].dtype).toBe("f32");
  });

  it("multiplies on the BF16 path only when both operands are exact there", () => {
    const { graph, x, round } = start(3, 3);
    const narrow = round(x, quantizer("e4m3"));
    graph.output("both", narrow.matmul(round(x.exp(), quantizer("bf16"))).value);
    graph.output("one", narrow.matmul(x).value);
    graph.output("half", narrow.matmul(round(x.tanh(), quantizer("fp16"))).value);
    const carriers = commandsOf(graph).flatMap(({ op, attrs }) => (op === "matmul" ? [attrs.carrier] : []));
    expect(carriers).toEqual(["bf16", "f32", "f32"]);
  });

  it("gives integer GEMMs their shared exponents", () => {
    const { graph, x, round } = start(3, 3);
    graph.output("y", round(x, quantizer("int16")).matmul(round(x.exp(), quantizer("int16"))).value);
    const commands = commandsOf(graph);
    const [a, b] = commands.filter(({ op }) => op === "quantizeDynamicFixed");
    const product = commands.find(({ op }) => op === "matmul")!;
    expect(product.attrs).toMatchObject({ carrier: "i16" });
    expect(product.inputs.map(({ dtype }) => dtype)).toEqual(["i16", "i16", "i32", "i32"]);
    expect(product.inputs.slice(2).map(({ buffer }) => buffer)).toEqual([
      a.outputs[1].buffer,
      b.outputs[1].buffer,
    ]);
  });

  it("keeps integers of more than 16 bits out of 16-bit storage", () => {
    const { graph, x, round } = start(3, 3);
    graph.output("y", round(x, quantizer("int16")).matmul(round(x.exp(), quantizer("int17"))).value);
    const commands = commandsOf(graph);
    const quantized = commands.filter(({ op }) => op === "quantizeDynamicFixed");
    expect(quantized.map(({ outputs }) => outputs[0].dtype)).toEqual(["f32", "f32"]);
    expect(commands.find(({ op }) => op === "matmul")!.attrs).toMatchObject({ carrier: "f32" });
  });

  it("stores blocks of few bits under powers of two in BF16, and multiplies them there", () => {
    for (const [name, dtype] of [
      ["mxfp8", "bf16"],
      ["bfp8", "bf16"],
      ["posit8", "bf16"],
      ["bfp12", "f32"],
      ["nvfp4", "f32"],
      ["posit16", "f32"],
    ]) {
      const { graph, x, round } = start(3, 3);
      const rounded = round(x, quantizer(name));
      graph.output("y", rounded.matmul(rounded.relu()).value);
      const commands = commandsOf(graph);
      const quantized = commands.find(({ op }) => op === "quantizeValues")!;
      expect(quantized.outputs[0].dtype, name).toBe(dtype);
      expect(quantized.outputs[0].store?.format.name, name).toBe(dtype === "bf16" ? "bf16" : undefined);
      const carrier = dtype === "bf16" ? "bf16" : "f32";
      expect(commands.find(({ op }) => op === "matmul")!.attrs, name).toMatchObject({ carrier });
    }
  });

  it("gives integers with a scale per index no shared exponent", () => {
    for (const scaling of [
      { rule: "symmetric", axis: 0 },
      { rule: "powerOfTwo", axis: 0 },
    ] as const) {
      const { graph, x, round } = start(3, 3);
      const rounded = round(x, { ...quantizer("int8"), scaling });
      graph.output("y", rounded.matmul(rounded).value);
      expect(commandsOf(graph).map(({ op }) => op)).toEqual(["quantizeValues", "matmul"]);
    }
  });

  it("refuses formats that FP32 tensors cannot be rounded to", () => {
    const { graph, x, round } = start(4);
    graph.output("y", round(x, quantizer("fp64")).value);
    expect(() => commandsOf(graph)).toThrow(/tensors of a model cannot be rounded to fp64/);
  });

  it("falls back to FP32 values when a fixed-point tensor meets another operation", () => {
    const { graph, x, round } = start(3, 3);
    const fixed = round(x, quantizer("int16"));
    graph.output("y", fixed.matmul(fixed).add(fixed).value);
    const commands = commandsOf(graph);
    expect(commands[0].outputs[0].dtype).toBe("f32");
    expect(commands.find(({ op }) => op === "matmul")!.attrs).toMatchObject({ carrier: "f32" });
  });

  it("updates state in place, and not before its last reader", () => {
    const build = (readLater: boolean) => {
      const { graph, x } = start(4);
      const state = (name: string, shape: number[]) => graph.source({ kind: "state", name }, shape, "weight");
      const [w, v, lr, step] = [state("w", [4]), state("v", [4]), state("lr", [1]), state("step", [1])];
      const [next, velocity] = graph.apply("sgdUpdate", [w, x.value, v, lr, step], {
        momentum: 0.9,
        dampening: 0,
        weightDecay: 0,
        clipValue: Infinity,
        nesterov: false,
      });
      graph.update(w, next);
      graph.update(v, velocity);
      if (readLater) graph.output("old", new Tensor(graph, w).relu().value);
      return buildPlan(graph).plan;
    };
    const direct = build(false);
    expect(direct.commands[0].outputs[0].buffer).toBe(direct.commands[0].inputs[0].buffer);
    expect(direct.arenaBytes).toBe(0);
    const delayed = build(true);
    expect(delayed.commands.map(({ op }) => op)).toEqual(["sgdUpdate", "unary", "copy"]);
    expect(delayed.commands[0].outputs[0].buffer).not.toBe(delayed.commands[0].inputs[0].buffer);
  });

  it("asks for a clock only when something rounds stochastically", () => {
    const plan = (rounding: Quantizer["rounding"]) => {
      const { graph, x, round } = start(4);
      graph.output("y", round(x.exp(), quantizer("e5m2", rounding)).value);
      return buildPlan(graph).plan;
    };
    expect(plan("nearestEven").clockBuffer).toBe(-1);
    expect(plan("stochastic").buffers[plan("stochastic").clockBuffer].name).toBe("clock");
  });
});
