/** Recurrent layers: lengths, directions and checkpoints against runs that need none of them; the plan under a recipe. */
import { describe, expect, it } from "vitest";
import { gradients } from "../../autodiff/gradients.ts";
import { evaluate } from "../../compile/evaluate.ts";
import { Graph } from "../../graph/graph.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { ExternalArray } from "../../kernels/contract.ts";
import { createReferenceKernels } from "../../kernels/reference/kernel-set.ts";
import { init, namedParameters } from "../module.ts";
import { GRU, LSTM, type RecurrentInputs, RNN } from "./recurrent.ts";

const [STEPS, BATCH, FEATURES, HIDDEN] = [5, 3, 4, 6];
const LENGTHS = [5, 2, 3];
type Layer = LSTM | GRU | RNN;

const DEEP = { numLayers: 2, bidirectional: true };

const layers: readonly (readonly [string, () => Layer])[] = [
  ["LSTM", () => new LSTM(FEATURES, HIDDEN, DEEP)],
  ["GRU", () => new GRU(FEATURES, HIDDEN, DEEP)],
  ["LSTM with layer norm", () => new LSTM(FEATURES, HIDDEN, { ...DEEP, layerNorm: true })],
  ["GRU with layer norm", () => new GRU(FEATURES, HIDDEN, { ...DEEP, layerNorm: true })],
  ["RNN", () => new RNN(FEATURES, HIDDEN, { ...DEEP, nonlinearity: "relu" })],
];

/** Irregular values that differ from step to step. */
const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(3 * i + (i % 7)));

/** Sequence n alone, as long as it is. */
function alone(x: Float32Array, n: number): Float32Array {
  return Float32Array.from({ length: LENGTHS[n] * FEATURES }, (_, i) => {
    const t = Math.floor(i / FEATURES);
    return x[(t * BATCH + n) * FEATURES + (i % FEATURES)];
  });
}

async function run(
  layer: Layer,
  x: Float32Array,
  batch: number,
  { lengths, recompute = false }: { lengths?: number[]; recompute?: boolean } = {},
) {
  const graph = new Graph({ training: true });
  const steps = x.length / batch / FEATURES;
  const input = graph.source({ kind: "input", name: "x" }, [steps, batch, FEATURES], "input");
  const feeds = new Map<string, ExternalArray>([["x", x]]);
  for (const [name, { data }] of namedParameters(layer)) feeds.set(name, data!);
  let inputs: RecurrentInputs = {};
  if (lengths !== undefined) {
    feeds.set("lengths", Int32Array.from(lengths));
    const value = graph.source({ kind: "input", name: "lengths" }, [batch], "label", "i32");
    inputs = { lengths: new Tensor(graph, value) };
  }
  const forward = () => layer.forward(new Tensor(graph, input), inputs);
  const { output, hn } = recompute ? graph.checkpoint(forward) : forward();
  graph.output("output", output.value);
  graph.output("hn", hn.value);
  const parameters = namedParameters(layer).map(([, parameter]) => parameter.valueIn(graph));
  const seed = graph.during("backward", () => graph.apply("fill", [], { value: 1, shape: output.shape })[0]);
  gradients(graph, [output.value], [seed], [input, ...parameters]).forEach((grad, i) => {
    graph.output(`grad ${i}`, grad!);
  });
  const results = await evaluate(graph, { kernels: createReferenceKernels(), feeds });
  return { results, graph };
}

describe.each(layers)("%s", (_name, make) => {
  it("gives sequences of a padded batch what they get alone, and 0 behind their ends", async () => {
    const layer = init(make());
    const x = numbers(STEPS * BATCH * FEATURES);
    const { results } = await run(layer, x, BATCH, { lengths: LENGTHS });
    const [output, hn] = [results.get("output")!, results.get("hn")!];
    for (let n = 0; n < BATCH; n++) {
      const single = (await run(layer, alone(x, n), 1)).results;
      for (let t = 0; t < STEPS; t++) {
        const at = (t * BATCH + n) * 2 * HIDDEN;
        const expected = single.get("output")!.slice(t * 2 * HIDDEN, (t + 1) * 2 * HIDDEN);
        const inside = t < LENGTHS[n];
        expect(Array.from(output.slice(at, at + 2 * HIDDEN)), `sequence ${n}, step ${t}`).toEqual(
          inside ? Array.from(expected) : new Array(2 * HIDDEN).fill(0),
        );
      }
      for (let layerIndex = 0; layerIndex < 4; layerIndex++) {
        const at = (layerIndex * BATCH + n) * HIDDEN;
        const expected = single.get("hn")!.slice(layerIndex * HIDDEN, (layerIndex + 1) * HIDDEN);
        expect(Array.from(hn.slice(at, at + HIDDEN))).toEqual(Array.from(expected));
      }
    }
  });

  it("gives the same bits when it is computed again for the backward pass", async () => {
    const layer = init(make());
    const x = numbers(STEPS * BATCH * FEATURES);
    const kept = await run(layer, x, BATCH);
    const again = await run(layer, x, BATCH, { recompute: true });
    expect(again.graph.nodes.length).toBeGreaterThan(kept.graph.nodes.length);
    for (const [name, values] of kept.results) expect(again.results.get(name), name).toEqual(values);
  });
});
