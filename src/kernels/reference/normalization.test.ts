import { describe, expect, it } from "vitest";
import { normals } from "../conformance/data.ts";
import { runOp } from "../conformance/run-op.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const kernels = createReferenceKernels();
const truth = createReferenceKernels({ precision: "f64" });

function train(
  x: ArrayLike<number>,
  rows: number,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  eps: number,
) {
  const channels = weight.length;
  const perChannel = { shape: [channels] };
  const constant = (value: number) => ({ ...perChannel, values: new Float64Array(channels).fill(value) });
  return {
    op: "batchNormTrain",
    attrs: { eps, momentum: 0.25 },
    inputs: [
      { shape: [rows, channels], values: x },
      { ...perChannel, values: weight },
      { ...perChannel, values: bias },
      constant(8),
      constant(16),
    ],
    outputs: [{ shape: [rows, channels] }, perChannel, perChannel, perChannel, perChannel],
  } as const;
}

describe("batchNormTrain", () => {
  it("follows the formula, by hand", async () => {
    // Channel 0: 1, 3, 5, 7: mean 4, variance 5, unbiased 20/3. Channel 1: constant 2: variance 0.
    const run = train([1, 2, 3, 2, 5, 2, 7, 2], 4, [10, 1], [1, -1], 4);
    const [y, mean, invStd, runningMean, runningVar] = await runOp(kernels, run);
    expect(Array.from(y)).toEqual([-9, -1, 1 - 10 / 3, -1, 1 + 10 / 3, -1, 11, -1].map(Math.fround));
    expect(Array.from(mean)).toEqual([4, 2]);
    expect(Array.from(invStd)).toEqual([Math.fround(1 / 3), 0.5]);
    expect(Array.from(runningMean)).toEqual([7, 6.5]);
    expect(Array.from(runningVar)).toEqual([12 + 0.25 * (20 / 3), 12].map(Math.fround));
  });

  it("keeps small differences of large values", async () => {
    const [y] = await runOp(kernels, train([8388608, 8388610], 2, [1], [0], 0));
    expect(Array.from(y)).toEqual([-1, 1]);
  });

  it("takes the biased variance of a single row", async () => {
    const [, , , , runningVar] = await runOp(kernels, train([5], 1, [1], [0], 1));
    expect(Array.from(runningVar)).toEqual([12]);
  });
});

describe("batchNormTrainGrad", () => {
  it("is the gradient of Σ gy·y, by central differences", async () => {
    const [rows, channels, eps] = [5, 3, 1e-3];
    const [x, gy] = [normals(15, 1), normals(15, 2)].map((values) => Float64Array.from(values));
    const [weight, bias] = [normals(3, 3), normals(3, 4)].map((values) => Float64Array.from(values));
    const objective = async (at: Float64Array, w: Float64Array): Promise<number> => {
      const [y] = await runOp(truth, train(at, rows, w, bias, eps), "f64");
      return y.reduce((sum, value, i) => sum + value * gy[i], 0);
    };
    const slope = async (values: Float64Array, i: number, f: (v: Float64Array) => Promise<number>) => {
      const moved = (step: number) => values.map((value, j) => (j === i ? value + step : value));
      return ((await f(moved(1e-5))) - (await f(moved(-1e-5)))) / 2e-5;
    };
    const [, mean, invStd] = await runOp(truth, train(x, rows, weight, bias, eps), "f64");
    const perChannel = { shape: [channels] };
    const matrix = { shape: [rows, channels] };
    const inputs = [
      { ...matrix, values: gy },
      { ...matrix, values: x },
      ...[weight, mean, invStd].map((values) => ({ ...perChannel, values })),
    ];
    const outputs = [matrix, perChannel, perChannel];
    const run = { op: "batchNormTrainGrad", attrs: {}, inputs, outputs } as const;
    const [gx, gWeight, gBias] = await runOp(truth, run, "f64");
    for (let i = 0; i < gx.length; i++) {
      expect(gx[i]).toBeCloseTo(await slope(x, i, (at) => objective(at, weight)), 7);
    }
    for (let c = 0; c < channels; c++) {
      expect(gWeight[c]).toBeCloseTo(await slope(weight, c, (w) => objective(x, w)), 7);
      expect(gBias[c]).toBeCloseTo(
        [0, 1, 2, 3, 4].reduce((sum, row) => sum + gy[row * channels + c], 0),
        12,
      );
    }
  });
});
