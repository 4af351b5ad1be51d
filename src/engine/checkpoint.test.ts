import { describe, expect, it } from "vitest";
import { buildPlan } from "../compile/build-plan.ts";
import { floatFormat } from "../formats/catalog.ts";
import type { Tensor } from "../graph/tensor.ts";
import { BatchNorm2d, Conv2d, checkpoint, init, Module } from "../nn/index.ts";
import { SGD } from "../optim/index.ts";
import type { Policy } from "../precision/policy.ts";
import type { Recipe } from "../precision/recipe.ts";
import { tensor } from "./eager.ts";
import { compileTrainStep } from "./train-step.ts";

class Deep extends Module {
  readonly blocks = Array.from({ length: 6 }, () => [
    new Conv2d(4, 4, 3, { padding: 1, bias: false }),
    new BatchNorm2d(4),
  ]);
  private readonly segments: boolean;

  constructor(segments: boolean) {
    super();
    this.segments = segments;
  }

  forward(x: Tensor): Tensor {
    const pair = (from: number) => (y: Tensor) =>
      this.blocks.slice(from, from + 2).reduce((z, [conv, norm]) => norm.forward(conv.forward(z)).relu(), y);
    return [0, 2, 4].reduce((y, from) => (this.segments ? checkpoint(pair(from), y) : pair(from)(y)), x);
  }
}

function recipeOf(policy: Policy): Recipe {
  return { name: "test", paper: "", summary: "", policy, lossScaling: { kind: "none" }, choices: [] };
}

const bf16 = { format: floatFormat("bf16"), rounding: "stochastic", overflow: "infinity" } as const;
const e5m2 = { ...bf16, format: floatFormat("e5m2") };
const recipes: [string, Recipe][] = [
  ["in FP32", recipeOf({ rules: [] })],
  [
    "with stochastic rounding of everything",
    recipeOf({
      rules: [
        { roles: ["activation", "error", "weight", "input", "gradOutput", "gradWeight"], quantizer: bf16 },
      ],
    }),
  ],
  [
    "with operands narrower than what is stored",
    recipeOf({
      rules: [
        { roles: ["activation", "error"], quantizer: bf16 },
        { roles: ["weight", "input", "gradOutput"], quantizer: e5m2 },
      ],
    }),
  ],
];

function compiled(segments: boolean, recipe: Recipe) {
  const model = init(new Deep(segments), { seed: 11 });
  const loss = (net: Deep, x: Tensor) => net.forward(x).square().mean();
  return { model, step: compileTrainStep(model, { loss, optimizer: new SGD({ lr: 0.1 }), recipe, seed: 3 }) };
}

const images = (seed: number) =>
  tensor(
    Float32Array.from({ length: 2 * 16 * 16 * 4 }, (_, i) => Math.sin(seed + i * i)),
    { shape: [2, 16, 16, 4] },
  );

describe("checkpointed segments", () => {
  it.each(recipes)("change no bit of a training run %s", async (_, recipe) => {
    const [plain, segmented] = [compiled(false, recipe), compiled(true, recipe)];
    for (let i = 0; i < 3; i++) {
      const expected = await plain.step(images(i));
      expect(await segmented.step(images(i))).toEqual(expected);
    }
    expect(segmented.model.stateDict()).toEqual(plain.model.stateDict());
  });

  it.each(recipes)("need less memory %s", (_, recipe) => {
    const bytes = (segments: boolean) =>
      buildPlan(compiled(segments, recipe).step.graph(images(0))).plan.arenaBytes;
    expect(bytes(true)).toBeLessThan(0.75 * bytes(false));
  });
});
