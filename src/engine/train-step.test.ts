import { describe, expect, it } from "vitest";
import type { Tensor } from "../graph/tensor.ts";
import { BatchNorm2d, crossEntropy, Dropout, init, Linear, ReLU, Sequential } from "../nn/index.ts";
import { Adam, SGD, withoutDecay } from "../optim/index.ts";
import type { Recipe } from "../precision/recipe.ts";
import { tensor } from "./eager.ts";
import { swapAverages } from "./model-registry.ts";
import { compileTrainStep } from "./train-step.ts";

/** FP32 with a loss scale that gives way. */
const SCALED: Recipe = {
  name: "scaled",
  paper: "none",
  summary: "dynamic loss scaling",
  policy: { rules: [] },
  lossScaling: {
    kind: "dynamic",
    initialScale: 1024,
    growthFactor: 2,
    backoffFactor: 0.5,
    growthInterval: 100,
  },
  choices: [],
};
const line = () => init(new Linear(1, 1), { seed: 5 });
const squares = (model: Linear, { x, y }: { x: Tensor; y: Tensor }) =>
  model.forward(x).sub(y).square().mean();
const batch = (x: number[], y: number[]) => ({ x: tensor(x.map((v) => [v])), y: tensor(y.map((v) => [v])) });
const parameters = (model: Linear) => model.parameters().flatMap(({ data }) => Array.from(data!));

describe("a training step", () => {
  it("reduces any loss of any batch, for every shape that comes", async () => {
    const model = line();
    const step = compileTrainStep(model, { loss: squares, optimizer: new SGD({ lr: 0.1, momentum: 0.5 }) });
    for (let i = 0; i < 80; i++) {
      const { loss } = await step(i % 2 === 0 ? batch([0, 1, 2], [1, 3, 5]) : batch([-1], [-1]));
      if (i > 70) expect(loss).toBeLessThan(1e-3);
    }
    expect([step.plans, step.steps]).toEqual([2, 80]);
    const [weight, bias] = parameters(model);
    expect(weight).toBeCloseTo(2, 1);
    expect(bias).toBeCloseTo(1, 1);
    expect([...step.state.keys()]).toEqual([
      "weight",
      "bias",
      "optimizer.step",
      "weight.momentum",
      "bias.momentum",
    ]);
    expect(Array.from(step.state.get("optimizer.step")!.data)).toEqual([80]);
  });

  it("reports metrics as numbers and outputs as tensors", async () => {
    const model = init(new Linear(2, 3));
    const step = compileTrainStep(model, {
      loss: (net, { x, labels }: { x: Tensor; labels: Tensor }) => {
        const logits = net.forward(x);
        return { ...crossEntropy(logits, labels), outputs: { logits: [logits] } };
      },
      optimizer: new Adam({ clipNorm: 0.5 }),
      recipe: SCALED,
    });
    const result = await step({ x: tensor([[1, 2]]), labels: tensor(Int32Array.of(1)) });
    expect(result.loss).toBeGreaterThan(0);
    expect([0, 1]).toContain(result.correct);
    expect(result.gradientNorm).toBeGreaterThan(0);
    expect(result.lossScale).toBeGreaterThan(1);
    expect(result.outputs.logits[0].shape).toEqual([1, 3]);
    expect(await result.outputs.logits[0].data()).toHaveLength(3);
  });

  it("accumulates micro-batches to the bits of the gradient's mean", async () => {
    // Powers of two, so that sums and means are exact in any order.
    const [whole, parts] = [line(), line()];
    const optimizer = () => new SGD({ lr: 0.25 });
    const full = compileTrainStep(whole, { loss: squares, optimizer: optimizer() });
    const micro = compileTrainStep(parts, { loss: squares, optimizer: optimizer(), accumulate: 2 });
    for (const { data } of [...whole.parameters(), ...parts.parameters()]) data!.fill(0.5);
    for (let i = 0; i < 3; i++) {
      await full(batch([1, 2, 4, 1], [1, 2, 4, 2]));
      await micro(batch([1, 2], [1, 2]));
      expect(micro.steps).toBe(i);
      await micro(batch([4, 1], [4, 2]));
      expect(micro.steps).toBe(i + 1);
    }
    expect(parameters(parts)).toEqual(parameters(whole));
    expect([...micro.state.keys()].filter((name) => name.endsWith(".grad"))).toEqual([]);
  });

  it("gives groups their own rate and decay, and trains only what was chosen", async () => {
    const model = line();
    const [weight, bias] = parameters(model);
    const step = compileTrainStep(model, {
      // The loss is w + b: both gradients are 1.
      loss: (net, x: Tensor) => net.forward(x).sum(),
      optimizer: new SGD({
        lr: 1,
        weightDecay: 0.5,
        groups: [{ ...withoutDecay, lr: (t) => 0.25 * (t + 1) }],
      }),
    });
    await step(tensor([[1]]));
    expect(parameters(model)).toEqual([
      Math.fround(weight - Math.fround(1 + 0.5 * weight)),
      Math.fround(bias - 0.25),
    ]);
    const frozen = compileTrainStep(model, {
      loss: (net, x: Tensor) => net.forward(x).sum(),
      optimizer: new SGD({ lr: 1 }),
      parameters: ({ name }) => name === "bias",
    });
    const before = parameters(model);
    await frozen(tensor([[1]]), { learningRate: 2 });
    expect(parameters(model)).toEqual([before[0], before[1] - 2]);
    expect(frozen.state.has("optimizer2.step")).toBe(true);
  });

  it("keeps averages of the weights", async () => {
    const model = line();
    for (const { data } of model.parameters()) data!.fill(1);
    const step = compileTrainStep(model, {
      loss: (net, x: Tensor) => net.forward(x).sum(),
      optimizer: new SGD({ lr: 0.5 }),
      emaDecay: 0.75,
    });
    await step(tensor([[1]]));
    expect(parameters(model)).toEqual([0.5, 0.5]);
    swapAverages(model);
    expect(parameters(model)).toEqual([0.875, 0.875]);
    swapAverages(model);
    expect(parameters(model)).toEqual([0.5, 0.5]);
  });

  it("skips a step whose gradients are not finite, and does not count it", async () => {
    const model = line();
    const step = compileTrainStep(model, {
      loss: squares,
      optimizer: new Adam({ lr: 0.1 }),
      recipe: SCALED,
      emaDecay: 0.9,
    });
    const before = parameters(model);
    const { skippedSteps } = await step(batch([1e30], [0]));
    expect(skippedSteps).toBe(1);
    expect(parameters(model)).toEqual(before);
    expect(step.state.get("optimizer.step")!.data[0]).toBe(0);
    const { lossScale } = await step(batch([1], [0]));
    expect([lossScale, step.state.get("optimizer.step")!.data[0]]).toEqual([512, 1]);
    expect(parameters(model)).not.toEqual(before);
  });

  it("leaves the statistics of a part in evaluation mode alone", async () => {
    const model = init(new Sequential(new BatchNorm2d(1), new ReLU(), new Linear(1, 1)));
    const [[, norm]] = model.namedModules().slice(1);
    const loss = (net: typeof model, x: Tensor) => net.forward(x).mean();
    const images = tensor([[[[3], [5]]]]);
    norm.eval();
    await compileTrainStep(model, { loss, optimizer: new SGD({ lr: 0 }) })(images);
    expect(Array.from(model.stateDict().get("0.running_mean")!.data)).toEqual([0]);
    norm.train();
    await compileTrainStep(model, { loss, optimizer: new SGD({ lr: 0 }) })(images);
    expect(model.stateDict().get("0.running_mean")!.data[0]).toBeCloseTo(0.4);
  });

  it("refuses losses that are no scalar or do not depend on the model", async () => {
    const options = { optimizer: new SGD({}) };
    const vector = compileTrainStep(line(), { ...options, loss: (net, x: Tensor) => net.forward(x) });
    await expect(vector(tensor([[1], [2]]))).rejects.toThrow(
      /loss function must return one number.*\[2, 1\]/,
    );
    const stranger = compileTrainStep(line(), { ...options, loss: (_, x: Tensor) => x.sum() });
    await expect(stranger(tensor([[1]]))).rejects.toThrow(/depends on none/);
    expect(() => new SGD({ lr: -1 })).toThrow(/"lr" is out of range.*-1/);
  });
});

describe("clipping", () => {
  // Gradients of 3·w₀ − 4·w₁ are 3 and −4.
  it.each([
    [2, 5],
    [1, 7],
    [Infinity, 4],
  ])("by the norm of type %d", async (clipNormType, norm) => {
    const model = init(new Linear(2, 1, { bias: false }));
    const before = parameters(model);
    const step = compileTrainStep(model, {
      loss: (net, x: Tensor) => net.forward(x).sum(),
      optimizer: new SGD({ lr: 1, clipNorm: 2, clipNormType }),
    });
    const { gradientNorm } = await step(tensor([[3, -4]]));
    expect(gradientNorm).toBeCloseTo(norm, 5);
    const after = parameters(model);
    [3, -4].forEach((g, i) => {
      expect(before[i] - after[i]).toBeCloseTo((2 / norm) * g, 4);
    });
  });

  it("refuses other norms", () => {
    const optimizer = new SGD({ clipNorm: 1, clipNormType: 3 });
    expect(() => optimizer.clipping).toThrow(/a norm of type 2, 1, Infinity; received 3/);
  });
});

describe("dropout", () => {
  it("has other masks in every micro-batch of an accumulated step, and in every step", async () => {
    const model = init(new Sequential(new Linear(1, 64), new Dropout(0.5)));
    const step = compileTrainStep(model, {
      loss: (net, x: Tensor) => {
        const y = net.forward(x);
        return { loss: y.mean(), outputs: { mask: y.abs().sign() } };
      },
      optimizer: new SGD({ lr: 0 }),
      accumulate: 2,
    });
    const masks = new Set<string>();
    for (let i = 0; i < 4; i++) masks.add((await (await step(tensor([[1]]))).outputs.mask.data()).join(""));
    expect([masks.size, step.steps]).toEqual([4, 2]);
  });
});
