/** Embedding, recurrent and Transformer layers under every recipe, forward and backward, on both kernel sets. */
import { describe, expect, it } from "vitest";
import { gradients } from "../src/autodiff/gradients.ts";
import { evaluate } from "../src/compile/evaluate.ts";
import { Graph } from "../src/graph/graph.ts";
import { Tensor } from "../src/graph/tensor.ts";
import type { ExternalArray, KernelSet } from "../src/kernels/contract.ts";
import { createReferenceKernels } from "../src/kernels/reference/kernel-set.ts";
import { selectKernels } from "../src/kernels/select.ts";
import {
  crossEntropy,
  Embedding,
  GRU,
  init,
  Linear,
  LSTM,
  Module,
  namedStates,
  SinusoidalPositions,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "../src/nn/index.ts";
import { namedParameters } from "../src/nn/module.ts";
import { applyPolicy } from "../src/precision/apply-policy.ts";
import type { Recipe } from "../src/precision/recipe.ts";
import { RECIPES } from "../src/recipes/catalog.ts";

const [STEPS, BATCH, WIDTH, WORDS] = [7, 3, 8, 11];

class Sequences extends Module {
  readonly embedding = new Embedding(WORDS, WIDTH, { paddingIdx: 0 });
  readonly positions = new SinusoidalPositions(WIDTH, 16);
  readonly lstm = new LSTM(WIDTH, WIDTH / 2, { bidirectional: true });
  readonly gru = new GRU(WIDTH, WIDTH, { numLayers: 2 });
  readonly encoder = new TransformerEncoderLayer(WIDTH, 2, { dimFeedforward: 16 });
  readonly decoder = new TransformerDecoderLayer(WIDTH, 4, {
    dimFeedforward: 16,
    normFirst: true,
    activation: "gelu",
  });
  readonly out = new Linear(WIDTH, WORDS);

  forward(words: Tensor, lengths: Tensor): Tensor {
    const x = this.positions.forward(this.embedding.forward(words));
    const states = this.gru.forward(this.lstm.forward(x, { lengths }).output).output;
    const memory = this.encoder.forward(states);
    return this.out.forward(this.decoder.forward(x, memory, { target: { isCausal: true } }));
  }
}

async function run(model: Sequences, recipe: Recipe, kernels: KernelSet) {
  const graph = new Graph({ training: true });
  const integers = (name: string, shape: readonly number[]) =>
    new Tensor(graph, graph.source({ kind: "input", name }, shape, "label", "i32"));
  const words = integers("words", [STEPS, BATCH]);
  const logits = model.forward(words, integers("lengths", [BATCH]));
  const { loss } = crossEntropy(logits.reshape([-1, WORDS]), words.reshape([-1]));
  graph.output("loss", loss.value);
  const parameters = namedParameters(model);
  const seed = graph.during(
    "backward",
    () => graph.apply("fill", [], { value: 1, shape: [] }, ["control"])[0],
  );
  const values = parameters.map(([, parameter]) => parameter.valueIn(graph));
  gradients(graph, [loss.value], [seed], values).forEach((grad, i) => {
    graph.output(`grad ${parameters[i][0]}`, grad!);
  });
  const rounded = applyPolicy(graph, recipe.policy);
  const feeds = new Map<string, ExternalArray>(namedStates(model).map(([name, { data }]) => [name, data!]));
  feeds.set(
    "words",
    Int32Array.from({ length: STEPS * BATCH }, (_, i) => (7 * i + 3) % WORDS),
  );
  feeds.set("lengths", Int32Array.of(7, 4, 1));
  return {
    graph: rounded,
    results: await evaluate(rounded, { kernels, feeds, clock: Int32Array.of(7, 8, 9) }),
  };
}

/** |a − b| / |b| over all elements. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const norm = (values: number[]) => Math.hypot(...values);
  const reference = Array.from(b);
  return norm(reference.map((x, i) => a[i] - x)) / (norm(reference) || 1);
}

describe("every layer of sequences", () => {
  const native = selectKernels({ prefer: "native" }).kernels;
  const reference = createReferenceKernels();

  it.each(RECIPES.map((recipe) => ({ name: recipe.name, recipe })))(
    "goes through the recipe $name on both kernel sets",
    async ({ recipe }) => {
      const model = init(new Sequences(), { seed: 3 });
      const expected = await run(model, recipe, reference);
      const actual = await run(model, recipe, native);
      // Rounding turns the last bits of sums into steps of the format; what is left of FP32's own is far smaller.
      const tolerance = recipe.policy.rules.length === 0 ? 1e-5 : 0.5;
      expect(expected.results.size).toBeGreaterThan(40);
      for (const [name, values] of expected.results) {
        expect(Array.from(values).every(Number.isFinite), name).toBe(true);
        expect(distance(actual.results.get(name)!, values), name).toBeLessThan(tolerance);
      }
      if (recipe.policy.rules.length > 0) {
        const steps = expected.graph.nodes.filter(
          ({ op, path }) => op === "quantize" && (path === "lstm" || path === "gru"),
        );
        // Operands or states of every step, in both directions and layers.
        expect(steps.length).toBeGreaterThan(4 * STEPS);
      }
    },
  );
});
