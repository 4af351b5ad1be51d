/** A small network under every recipe: it trains on both kernel sets, and native bits do not depend on threads. */
import { describe, expect, it } from "vitest";
import { tensor } from "../src/engine/eager.ts";
import { compileTrainStep } from "../src/engine/train-step.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import type { KernelSet } from "../src/kernels/contract.ts";
import { selectKernels } from "../src/kernels/select.ts";
import { modelDefinition } from "../src/models/catalog.ts";
import { type Classifier, classifierLogits } from "../src/models/classifier.ts";
import { createModel } from "../src/models/model.ts";
import { crossEntropy } from "../src/nn/index.ts";
import { SGD } from "../src/optim/index.ts";
import { RECIPES, recipe } from "../src/recipes/catalog.ts";

const BATCH = 5;
const SIZE = 8;
const CLASSES = 3;
/** Kinds of formats that no recipe of the catalogue has. */
const UNIFORM = ["e4m3", "e3m4", "binary8p3", "e2m1", "int4", "bfp6b16", "bfp4t4x8", "mxfp6e2m3", "fp16"];
const NAMES = [
  ...RECIPES.map(({ name }) => name),
  ...UNIFORM.map((name) => `uniform:${name}`),
  "uniform:mxfp4:mxfp8e5m2/stochastic",
];

const pixels = Float32Array.from(
  { length: BATCH * SIZE * SIZE },
  (_, i) => Math.sin(0.37 * i) + 0.1 * (i % 3),
);
const labels = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);

/** Losses of some steps, and every number that the network has afterwards. */
async function trained(name: string, kernels: KernelSet, steps: number) {
  const task = { channels: 1, size: SIZE, classes: CLASSES };
  const model = createModel(modelDefinition("resnet20"), task, { width: 4, blocks: 1 });
  const step = compileTrainStep(model, {
    loss: (net: Classifier, { x, y }: { x: Tensor; y: Tensor }) =>
      crossEntropy(classifierLogits(net.forward(x)).logits, y).loss,
    optimizer: new SGD({ lr: 0.05, momentum: 0.9 }),
    recipe: recipe(name),
    kernels,
    seed: 3,
  });
  const batch = { x: tensor(pixels, { shape: [BATCH, SIZE, SIZE, 1] }), y: tensor(labels) };
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await step(batch)).loss);
  step.dispose();
  const state = [...step.state].map(([key, { data }]) => [key, Array.from(data)] as const);
  return { losses, state };
}

const reference = selectKernels({ prefer: "reference" }).kernels;
const [one, two] = [1, 2].map((threads) => selectKernels({ prefer: "native", threads }).kernels);

describe("a residual network", () => {
  it.each(NAMES)("trains under %s", async (name) => {
    const [alone, together] = [await trained(name, one, 3), await trained(name, two, 3)];
    expect(together).toEqual(alone);
    const { losses } = await trained(name, reference, 1);
    // Sums are in another order there: a rounding may fall the other way, no more.
    expect(Math.abs(losses[0] - alone.losses[0])).toBeLessThan(0.05);
    for (const [key, values] of alone.state) expect(values.every(Number.isFinite), key).toBe(true);
    expect(Math.max(...alone.losses)).toBeLessThan(3);
  });
});
