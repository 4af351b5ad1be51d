/** What layers promise beyond their primitives: modes, state, masks, shapes. */
import { describe, expect, it } from "vitest";
import { selectKernels } from "../../kernels/select.ts";
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  ConvTranspose1d,
  ConvTranspose2d,
  Dropout,
  Dropout2d,
  InstanceNorm2d,
  initialize,
  Linear,
  type Module,
  Sequential,
  spectralNorm,
  weightNorm,
} from "../index.ts";
import { initialised, irregular, runModel } from "./layers.fixture.ts";

const native = selectKernels({ prefer: "native" }).kernels;

describe("dropout", () => {
  const model = initialised(new Sequential(new Dropout(0.3), new Dropout(0.3)));
  const x = { shape: [64, 65], values: new Float32Array(64 * 65).fill(1) };

  it("keeps the share that it says, scaled, with masks that differ by layer and by step", async () => {
    const { output } = await runModel(model, x);
    const kept = output.filter((value) => value !== 0);
    // Two masks of 0.7 each; with one mask used twice it would be 0.7. Five standard deviations are 0.04.
    expect(Math.abs(kept.length / output.length - 0.49)).toBeLessThan(0.04);
    expect(kept[0]).toBeCloseTo(1 / 0.49, 5);
    expect((await runModel(model, x, { step: 1 })).output).not.toEqual(output);
  });

  it("gives the same bits on both kernel sets, and the gradient the same mask", async () => {
    const reference = await runModel(model, x);
    expect((await runModel(model, x, { kernels: native })).output).toEqual(reference.output);
    expect(reference.gradInput).toEqual(reference.output);
  });

  it("is the identity in evaluation, by mode of the graph or of the module", async () => {
    expect((await runModel(model, x, { training: false })).output).toEqual(Array.from(x.values));
    const still = initialised(new Sequential(new Dropout(0.5))).eval();
    expect((await runModel(still, x)).output).toEqual(Array.from(x.values));
  });

  it("of channels keeps or drops each as a whole", async () => {
    const { output } = await runModel(initialised(new Dropout2d(0.5)), {
      shape: [4, 3, 3, 16],
      values: new Float32Array(4 * 9 * 16).fill(1),
    });
    const channel = (n: number, c: number) =>
      Array.from({ length: 9 }, (_, p) => output[(n * 9 + p) * 16 + c]);
    const uniform = Array.from({ length: 64 }, (_, i) => new Set(channel(i >> 4, i & 15)).size);
    expect(new Set(uniform)).toEqual(new Set([1]));
    expect(new Set(output)).toEqual(new Set([0, 2]));
  });
});

describe("batch norm", () => {
  it("with momentum null averages over all batches", async () => {
    const model = initialised(new BatchNorm1d(1, { momentum: null }));
    for (const values of [
      [0, 2],
      [4, 8],
      [1, 3],
    ]) {
      await runModel(model, { shape: [2, 1], values });
    }
    expect(model.running_mean?.data?.[0]).toBeCloseTo((1 + 6 + 2) / 3, 6);
    // Unbiased variances 2, 8, 2.
    expect(model.running_var?.data?.[0]).toBeCloseTo(4, 6);
    expect(model.num_batches_tracked?.data?.[0]).toBe(3);
  });

  it("without running statistics uses the batch's in evaluation too", async () => {
    const model = initialised(new BatchNorm1d(1, { affine: false, trackRunningStats: false, eps: 0 }));
    const { output } = await runModel(model, { shape: [2, 1], values: [3, 7] }, { training: false });
    expect(output).toEqual([-1, 1]);
    expect(model.namedParameters()).toEqual([]);
  });

  it("refuses an input of another rank", async () => {
    await expect(runModel(initialised(new BatchNorm2d(3)), irregular(2, 3))).rejects.toThrow(
      /expected 4 axes; received 2/,
    );
  });
});

describe("weight norm", () => {
  it("changes nothing at first and trains length and direction", async () => {
    const plain = initialised(new Sequential(new Conv2d(3, 4, 3)));
    const x = irregular(1, 5, 5, 3);
    const before = await runModel(plain, x);
    weightNorm(plain.namedModules()[1][1]);
    initialize(plain);
    const after = await runModel(plain, x);
    after.output.forEach((value, i) => {
      expect(value).toBeCloseTo(before.output[i], 5);
    });
    expect([...plain.stateDict()].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ["0.bias", 4],
      ["0.weight_v", 4, 3, 3, 3],
      ["0.weight_g", 4, 1, 1, 1],
    ]);
    expect(after.grads.get("0.weight_g")).toHaveLength(4);
    // The length does not change along v, so its gradient is at right angles to v.
    const v = plain.namedParameters().find(([name]) => name === "0.weight_v")?.[1].data ?? [];
    const along = (after.grads.get("0.weight_v") ?? []).slice(0, 27).reduce((sum, g, i) => sum + g * v[i], 0);
    expect(Math.abs(along)).toBeLessThan(1e-4);
  });

  it("of a fresh layer draws its length with its direction", async () => {
    const model = initialised(weightNorm(new Linear(3, 2), { dim: null }));
    const [v, g] = ["weight_v", "weight_g"].map((name) => [...(model.stateDict().get(name)?.data ?? [])]);
    expect(g[0]).toBeCloseTo(Math.hypot(...v), 6);
  });
});

describe("spectral norm", () => {
  it("divides by the largest singular value that its iterations find", async () => {
    const model = initialised(spectralNorm(new Linear(3, 3, { bias: false })));
    const orig = model.namedParameters()[0][1].data;
    // Singular values 5, 2 and 1.
    orig?.set([0, 5, 0, 2, 0, 0, 0, 0, 1]);
    const x = { shape: [1, 3], values: [1, 1, 1] };
    for (let step = 0; step < 30; step++) await runModel(model, x);
    const { output, grads } = await runModel(model, x, { training: false });
    [1, 0.4, 0.2].forEach((value, i) => {
      expect(output[i]).toBeCloseTo(value, 5);
    });
    // y₀ = w₀₁/σ is 1 whatever w₀₁ is; the others shrink: −(2 + 1)/25.
    expect(grads.get("weight_orig")?.[1]).toBeCloseTo(-0.12, 5);
    expect([...model.stateDict().keys()]).toEqual(["weight_orig", "weight_u", "weight_v"]);
  });

  // PyTorch: v = Wᵀu/‖Wᵀu‖ with W as the matrix of the output channels, all other axes of its own layout in a row.
  it.each([
    ["Conv2d", 0, () => spectralNorm(new Conv2d(2, 3, [2, 3]))],
    ["ConvTranspose2d", 1, () => spectralNorm(new ConvTranspose2d(2, 3, [2, 3]), { dim: 1 })],
  ] as const)("of %s keeps its vectors as PyTorch does", async (_, dim, make) => {
    const model = initialised(make() as Module);
    const { data: w, shape } = model.stateDict().get("weight_orig")!;
    const u = model.stateDict().get("weight_u")!.data;
    const inner = shape[1] * shape[2] * shape[3];
    const place = (row: number, i: number) => {
      if (dim === 0) return row * inner + i;
      const taps = shape[2] * shape[3];
      return (Math.floor(i / taps) * shape[1] + row) * taps + (i % taps);
    };
    const columns = w.length / shape[dim];
    const product = Array.from({ length: columns }, (_, i) =>
      u.reduce((sum, value, row) => sum + value * w[place(row, i)], 0),
    );
    await runModel(model, irregular(1, 4, 4, 2));
    const v = model.stateDict().get("weight_v")!;
    expect(v.shape).toEqual([columns]);
    product.forEach((value, i) => {
      expect(v.data[i]).toBeCloseTo(value / Math.hypot(...product), 5);
    });
    const loaded = initialised(make() as Module);
    loaded.loadStateDict(model.stateDict());
    expect(loaded.stateDict()).toEqual(model.stateDict());
  });

  it("stands still in evaluation", async () => {
    const model = initialised(spectralNorm(new Conv2d(2, 3, 3)));
    const u = () => Array.from(model.stateDict().get("weight_u")?.data ?? []);
    const before = u();
    await runModel(model, irregular(1, 4, 4, 2), { training: false });
    expect(u()).toEqual(before);
    await runModel(model, irregular(1, 4, 4, 2));
    expect(u()).not.toEqual(before);
  });

  it("goes around a layer once", () => {
    const layer = spectralNorm(new Linear(2, 2));
    expect(() => spectralNorm(layer)).toThrow(/no parameter "weight"/);
  });
});

describe("instance norm with running statistics", () => {
  it("follows the mean of the images' statistics, and evaluates with them", async () => {
    const model = initialised(new InstanceNorm2d(2, { trackRunningStats: true, momentum: 0.25 }));
    // Channel 0 of the first image: 0 2 4 6 (mean 3, unbiased variance 20/3); channel 1: 1. The second image: 5 and 1.
    const first = [0, 2, 4, 6].flatMap((value) => [value, 1]);
    const x = { shape: [2, 2, 2, 2], values: [...first, ...[5, 5, 5, 5].flatMap((value) => [value, 1])] };
    const plain = initialised(new InstanceNorm2d(2));
    expect((await runModel(model, x)).output).toEqual((await runModel(plain, x)).output);
    const state = model.stateDict();
    [0.25 * 4, 0.25].forEach((value, c) => {
      expect(state.get("running_mean")!.data[c]).toBeCloseTo(value, 6);
    });
    [0.75 + (0.25 * 20) / 6, 0.75].forEach((value, c) => {
      expect(state.get("running_var")!.data[c]).toBeCloseTo(value, 6);
    });
    const { output } = await runModel(model, x, { training: false });
    expect(output[2]).toBeCloseTo((2 - 1) / Math.sqrt(0.75 + 5 / 6 + 1e-5), 5);
  });
});

describe("one-dimensional layers", () => {
  it("have PyTorch's shapes, and weights in PyTorch's layout in the state dict", async () => {
    const model = initialised(
      new Sequential(
        new Conv1d(3, 4, 3, { stride: 2, padding: 1 }),
        new ConvTranspose1d(4, 2, 3, { stride: 2, padding: 1, outputPadding: 1 }),
      ),
    );
    const { shape } = await runModel(model, irregular(2, 8, 3));
    expect(shape).toEqual([2, 8, 2]);
    expect([...model.stateDict()].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ["0.weight", 4, 3, 3],
      ["0.bias", 4],
      ["1.weight", 4, 2, 3],
      ["1.bias", 2],
    ]);
  });
});

describe("convolution", () => {
  it('with padding "same" and an even kernel pads behind, as PyTorch', async () => {
    const model = initialised(new Conv2d(1, 1, [1, 2], { padding: "same", bias: false }));
    model.weight.data?.set([1, 10]);
    const { output } = await runModel(model, { shape: [1, 1, 3, 1], values: [1, 2, 3] });
    expect(output).toEqual([21, 32, 3]);
  });

  it("transposed takes an output padding beyond its stride", async () => {
    const model = initialised(
      new ConvTranspose2d(1, 1, [1, 2], { dilation: [1, 3], outputPadding: [0, 1], bias: false }),
    );
    model.weight.data?.set([1, 10]);
    const { output } = await runModel(model, { shape: [1, 1, 2, 1], values: [1, 2] });
    expect(output).toEqual([1, 2, 0, 10, 20, 0]);
  });
});
