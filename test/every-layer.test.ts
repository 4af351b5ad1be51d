/** Every layer under every recipe, forward and backward, on both kernel sets. */
import { describe, expect, it } from "vitest";
import { selectKernels } from "../src/kernels/select.ts";
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Dropout2d,
  ELU,
  GELU,
  GroupNorm,
  InstanceNorm2d,
  LayerNorm,
  LocalResponseNorm,
  MaxPool2d,
  PixelShuffle,
  PReLU,
  RMSNorm,
  Sequential,
  SiLU,
  Softmax,
  spectralNorm,
  Upsample,
  weightNorm,
} from "../src/nn/index.ts";
import { initialised, irregular, runModel } from "../src/nn/layers/layers.fixture.ts";
import { applyPolicy } from "../src/precision/apply-policy.ts";
import { RECIPES } from "../src/recipes/catalog.ts";

const native = selectKernels({ prefer: "native" }).kernels;

const everyLayer = () =>
  new Sequential(
    new Conv2d(3, 8, 3, { padding: "same" }),
    new GroupNorm(4, 8),
    new SiLU(),
    new LocalResponseNorm(3),
    new MaxPool2d(3, { stride: 2, ceilMode: true }),
    weightNorm(new ConvTranspose2d(8, 8, 4, { stride: 2, padding: 1, groups: 2 })),
    new InstanceNorm2d(8, { affine: true }),
    new PReLU(8),
    new Dropout2d(0.2),
    new Upsample({ scaleFactor: 2, mode: "bilinear" }),
    new AvgPool2d(2),
    spectralNorm(new Conv2d(8, 8, 1)),
    new BatchNorm2d(8),
    new ELU(),
    new PixelShuffle(2),
    new AdaptiveAvgPool2d([3, 5]),
    new LayerNorm(2),
    new GELU({ approximate: "tanh" }),
    new RMSNorm([5, 2]),
    new Dropout(0.1),
    new Softmax(),
  );

describe("every layer", () => {
  it.each(RECIPES.map((recipe) => ({ name: recipe.name, recipe })))(
    "goes through the recipe $name on both kernel sets",
    async ({ recipe }) => {
      const model = initialised(everyLayer());
      const x = irregular(2, 7, 9, 3);
      const runs = [];
      for (const kernels of [undefined, native]) {
        runs.push(await runModel(model, x, { kernels, pass: (graph) => applyPolicy(graph, recipe.policy) }));
      }
      const [reference, other] = runs;
      expect(reference.grads.size).toBeGreaterThan(15);
      for (const [name, values] of reference.grads) {
        expect(values.every(Number.isFinite), name).toBe(true);
        expect(other.grads.get(name)?.every(Number.isFinite), name).toBe(true);
      }
      if (recipe.policy.rules.length > 0) {
        expect(reference.graph.nodes.filter(({ op }) => op === "quantize").length).toBeGreaterThan(8);
      }
    },
  );
});
