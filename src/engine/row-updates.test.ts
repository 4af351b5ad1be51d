/** Embeddings whose update touches only the rows that were read: equal to the update of the whole table, bit for bit. */
import { describe, expect, it } from "vitest";
import { floatFormat } from "../formats/catalog.ts";
import { roundToFormat } from "../formats/round.ts";
import type { Quantizer } from "../graph/primitives.ts";
import type { Tensor } from "../graph/tensor.ts";
import { implementations } from "../kernels/conformance/implementations.ts";
import * as nn from "../nn/index.ts";
import { Adagrad, Adam, type Optimizer, SGD } from "../optim/index.ts";
import type { Recipe } from "../precision/recipe.ts";
import { valueAndGrad } from "./compile.ts";
import { tensor } from "./eager.ts";
import { compileTrainStep } from "./train-step.ts";

const [ROWS, FEATURES] = [29, 5];

const BF16: Quantizer = { format: floatFormat("bf16"), rounding: "nearestEven", overflow: "infinity" };
/** Tables in BF16, a constant loss scale. */
const recipe: Recipe = {
  name: "test",
  paper: "none",
  summary: "none",
  policy: { rules: [{ roles: ["masterWeight"], quantizer: BF16 }] },
  lossScaling: { kind: "constant", scale: 2 ** 24 },
  choices: [],
};
const opsOf = (step: { graph(batch: (typeof batches)[0]): { nodes: readonly { op: string }[] } }) =>
  new Set(step.graph(batches[0]).nodes.map(({ op }) => op));

/** Repeated and padded indices. */
const batches = [
  [3, 7, 3, 0, 28, 1],
  [1, 1, 1, 4, 28, 0],
].map((places) => tensor(Int32Array.from(places), { shape: [2, 3] }));

const bag = (options: nn.EmbeddingBagOptions = {}) =>
  nn.init(new nn.EmbeddingBag(ROWS, FEATURES, { mode: "sum", paddingIdx: 0, ...options }), { seed: 3 });
const loss = (model: nn.EmbeddingBag, indices: (typeof batches)[0]) => model.forward(indices).square().mean();

/** Update rules of one element in FP32, written out. */
const rules = {
  sgd: (w: number, g: number) => Math.fround(w - Math.fround(Math.fround(0.5) * g)),
  adagrad: (w: number, g: number, sums: Float32Array, i: number) => {
    sums[i] = Math.fround(sums[i] + Math.fround(g * g));
    const root = Math.fround(Math.fround(Math.sqrt(sums[i])) + Math.fround(1e-10));
    return Math.fround(w - Math.fround(Math.fround(Math.fround(0.5) * g) / root));
  },
};

describe.each(implementations())("on $name kernels", ({ kernels }) => {
  it.each<[keyof typeof rules, Optimizer]>([
    ["sgd", new SGD({ lr: 0.5 })],
    ["adagrad", new Adagrad({ lr: 0.5 })],
  ])("%s: only rows are touched, and the table is that of the dense gradient", async (name, optimizer) => {
    const [trained, dense] = [bag(), bag()];
    const gradient = valueAndGrad((indices: (typeof batches)[0]) => loss(dense, indices), {
      model: dense,
      kernels,
    });
    const step = compileTrainStep(trained, { loss, optimizer, kernels });
    const sums = new Float32Array(ROWS * FEATURES);
    for (const indices of batches) {
      const { parameterGrads } = await gradient(indices);
      const g = await parameterGrads.weight.data();
      const w = dense.weight.data!;
      w.forEach((value, i) => {
        w[i] = rules[name](value, g[i], sums, i);
      });
      await step(indices);
      expect([...trained.weight.data!]).toEqual([...w]);
    }
    expect(opsOf(step)).toContain("putRows");
    expect(opsOf(step)).not.toContain("embeddingGrad");
  });

  it("skips a step whose scaled gradient overflows, and rounds as the recipe says", async () => {
    const model = bag({ sparse: true });
    let factor = 1;
    const scaled = (m: nn.EmbeddingBag, [indices, size]: [Tensor, Tensor]) => loss(m, indices).mul(size);
    const step = compileTrainStep(model, { loss: scaled, optimizer: new SGD({ lr: 1 }), recipe, kernels });
    const run = () => step([batches[0], tensor(factor)]);
    await run();
    const after = model.weight.data!.slice();
    expect(after).toEqual(after.map((w) => roundToFormat(w, floatFormat("bf16"), "nearestEven", "infinity")));
    factor = 1e35;
    expect((await run()).skippedSteps).toBe(1);
    expect(model.weight.data).toEqual(after);
  });
});

it("refuses optimizers that would change other rows when the gradient is to be sparse", () => {
  const compileWith = (optimizer: Optimizer, sparse: boolean) =>
    opsOf(compileTrainStep(bag({ sparse }), { loss, optimizer }));
  for (const optimizer of [new Adam({}), new SGD({ momentum: 0.9 }), new Adagrad({ weightDecay: 0.1 })]) {
    expect(() => compileWith(optimizer, true)).toThrow(
      /gradient of "weight" is sparse.*without weight decay/,
    );
    expect(compileWith(optimizer, false)).toContain("embeddingGrad");
  }
});

it("keeps the whole table where the indices are more than its rows", () => {
  const many = tensor(
    Int32Array.from({ length: 40 }, (_, i) => i % ROWS),
    { shape: [2, 20] },
  );
  const step = (sparse: boolean) => compileTrainStep(bag({ sparse }), { loss, optimizer: new SGD({}) });
  const ops = (sparse: boolean) =>
    step(sparse)
      .graph(many)
      .nodes.map(({ op }) => op);
  expect(ops(false)).toContain("embeddingGrad");
  expect(ops(true)).not.toContain("embeddingGrad");
});
