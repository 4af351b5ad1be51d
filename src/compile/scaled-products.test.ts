import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import type { Scaling } from "../formats/format.ts";
import { quantize } from "../formats/scaled/quantize.ts";
import { Graph } from "../graph/graph.ts";
import type { Quantizer } from "../graph/primitives.ts";
import { Tensor } from "../graph/tensor.ts";
import { createReferenceKernels } from "../kernels/reference/kernel-set.ts";
import { randomStream } from "../random/streams.ts";
import { buildPlan } from "./build-plan.ts";
import { evaluate } from "./evaluate.ts";

const symmetric: Scaling = { rule: "symmetric" };
const quantizer = (name: string, scaling?: Scaling): Quantizer => ({
  format: format(name),
  rounding: "nearestEven",
  overflow: "saturate",
  scaling,
});

function start(n: number) {
  const graph = new Graph();
  const input = (name: string) => new Tensor(graph, graph.source({ kind: "input", name }, [n, n], "input"));
  const round = (t: Tensor, q: Quantizer) =>
    new Tensor(graph, graph.apply("quantize", [t.value], { quantizer: q })[0]);
  return { graph, a: input("a"), b: input("b"), round };
}

/** How the product of two rounded tensors is computed. */
function productOf(graph: Graph): { carrier: string; multiplications: number } {
  const { commands } = buildPlan(graph, { fusion: false }).plan;
  const product = commands.find(({ op }) => op === "matmul")!;
  return {
    carrier: (product.attrs as { carrier: string }).carrier,
    multiplications: commands.filter(({ op }) => op === "binary").length,
  };
}

describe("products of tensors under real scales", () => {
  it("are multiplied in BF16 where the values over the scale fit, and by the scales afterwards", () => {
    for (const [name, scaling, carrier] of [
      ["int8", symmetric, "bf16"],
      ["int9", symmetric, "bf16"],
      ["int10", symmetric, "f32"],
      ["int8", { rule: "affine" }, "bf16"],
      ["int9", { rule: "affine" }, "f32"],
      ["int8", { rule: "symmetric", axis: 0 }, "f32"],
      ["nvfp4", undefined, "bf16"],
    ] as const) {
      const { graph, a, b, round } = start(3);
      const q = quantizer(name, scaling);
      graph.output("y", round(a, q).matmul(round(b, q)).value);
      expect(productOf(graph), name).toEqual({ carrier, multiplications: carrier === "bf16" ? 2 : 0 });
    }
  });

  it("have one scale where the other operand is a BF16 number", () => {
    const { graph, a, b, round } = start(3);
    graph.output("y", round(a, quantizer("int8", symmetric)).matmul(round(b, quantizer("bf16"))).value);
    expect(productOf(graph)).toEqual({ carrier: "bf16", multiplications: 1 });
  });

  it("read the values where something else reads them, too, or the other operand is wide", () => {
    const q = quantizer("int8", symmetric);
    const shown = start(3);
    const rounded = shown.round(shown.a, q);
    shown.graph.output("y", rounded.matmul(shown.round(shown.b, q)).value);
    shown.graph.output("values", rounded.reshape([9]).value);
    expect(productOf(shown.graph)).toEqual({ carrier: "f32", multiplications: 0 });
    const chain = start(3);
    const middle = chain.round(chain.b, q);
    chain.graph.output("y", chain.round(chain.a, q).matmul(middle).value);
    chain.graph.output("z", middle.matmul(chain.a).value);
    expect(productOf(chain.graph)).toEqual({ carrier: "f32", multiplications: 0 });
  });

  it("are as near to the exact product as FP32 allows, however much its terms cancel", async () => {
    const n = 24;
    const random = randomStream({ seed: 5, stream: "augment" });
    const values = Array.from({ length: 2 }, () =>
      Float32Array.from({ length: n * n }, () => random.normal()),
    );
    for (const [name, scaling] of [["int8", symmetric] as const, ["nvfp4", undefined] as const]) {
      const { graph, a, b, round } = start(n);
      const q = quantizer(name, scaling);
      graph.output("y", round(a, q).matmul(round(b, q)).value);
      const feeds = new Map([
        ["a", values[0]],
        ["b", values[1]],
      ]);
      const y = (await evaluate(graph, { kernels: createReferenceKernels(), feeds })).get("y")!;
      const [left, right] = values.map((source) => exactValues(source, name, n, scaling));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let exact = 0;
          for (let k = 0; k < n; k++) exact += left[i * n + k] * right[k * n + j];
          expect(Math.abs(y[i * n + j] - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -22);
        }
      }
    }
  });
});

/** The values before they are rounded to FP32: products of an element and its scales, in FP64. */
function exactValues(source: Float32Array, name: string, n: number, scaling?: Scaling): Float64Array {
  const of = format(name);
  if (of.kind !== "fixed" && of.kind !== "block") throw new Error(`${name} has no scales`);
  const tensor = quantize(source, of, { shape: [n, n], scaling });
  const scale = tensor.tensorScale ?? tensor.scales[0];
  return Float64Array.from(tensor.values, (value) => {
    // A value over the scale of its tensor has few bits: the nearest multiple of 2^−12 is what it was before rounding.
    return (Math.round((value / scale) * 2 ** 12) / 2 ** 12) * scale;
  });
}
