import { describe, expect, it } from "vitest";
import { normals } from "../conformance/data.ts";
import { runOp } from "../conformance/run-op.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const truth = createReferenceKernels({ precision: "f64" });
const IGNORED = -100;

async function crossEntropy(
  rows: number,
  logits: ArrayLike<number>,
  labels: readonly number[],
  labelSmoothing = 0,
): Promise<[loss: number, correct: number]> {
  const [loss, correct] = await runOp(
    truth,
    {
      op: "softmaxCrossEntropy",
      attrs: { labelSmoothing, ignoreIndex: IGNORED },
      inputs: [
        { shape: [rows, logits.length / rows], values: logits },
        { shape: [rows], values: labels, dtype: "i32" },
      ],
      outputs: [{ shape: [] }, { shape: [] }],
    },
    "f64",
  );
  return [loss[0], correct[0]];
}

async function gradient(
  rows: number,
  logits: ArrayLike<number>,
  labels: readonly number[],
  labelSmoothing = 0,
): Promise<Float64Array> {
  const shape = [rows, logits.length / rows];
  const [gLogits] = await runOp(
    truth,
    {
      op: "softmaxCrossEntropyGrad",
      attrs: { labelSmoothing, ignoreIndex: IGNORED },
      inputs: [
        { shape: [], values: [2] },
        { shape, values: logits },
        { shape: [rows], values: labels, dtype: "i32" },
      ],
      outputs: [{ shape }],
    },
    "f64",
  );
  return gLogits;
}

describe("softmaxCrossEntropy", () => {
  it("is log C for equal logits, whatever their size", async () => {
    const [loss, correct] = await crossEntropy(2, [7, 7, 7, 7, 1000, 1000, 1000, 1000], [0, 3]);
    expect(loss).toBeCloseTo(Math.log(4), 14);
    expect(correct).toBe(1);
  });

  it("gives the known value of one row", async () => {
    // softmax(1, 2, 3) = 0.09003, 0.24473, 0.66524; −log of the last: 0.40760596444438.
    const [loss, correct] = await crossEntropy(1, [1, 2, 3], [2]);
    expect(loss).toBeCloseTo(0.40760596444438, 13);
    expect(correct).toBe(1);
  });

  it("mixes in the mean over the classes when smoothing", async () => {
    // Row losses of the three classes: 2.4076, 1.4076, 0.4076; 0.9·0.4076 + 0.1·their mean.
    const [loss] = await crossEntropy(1, [1, 2, 3], [2], 0.1);
    expect(loss).toBeCloseTo(0.9 * 0.40760596444438 + 0.1 * 1.40760596444438, 13);
  });

  it("leaves ignored rows out of loss, count and correct", async () => {
    expect(await crossEntropy(2, [1, 2, 3, 50, 0, 0], [2, IGNORED])).toEqual(
      await crossEntropy(1, [1, 2, 3], [2]),
    );
    expect((await crossEntropy(1, [1, 2], [IGNORED]))[0]).toBeNaN();
  });

  it("is NaN for a label that does not exist and for NaN logits, which are never correct", async () => {
    expect((await crossEntropy(1, [1, 2], [2]))[0]).toBeNaN();
    expect((await crossEntropy(1, [1, 2], [-1]))[0]).toBeNaN();
    expect(await crossEntropy(1, [Number.NaN, 2], [0])).toEqual([Number.NaN, 0]);
  });

  it("ignores impossible classes when it does not smooth", async () => {
    expect((await crossEntropy(1, [0, Number.NEGATIVE_INFINITY, 0], [0]))[0]).toBeCloseTo(Math.LN2, 14);
  });
});

describe("softmaxCrossEntropyGrad", () => {
  it.each([0, 0.1])("is the slope of the loss with smoothing %d", async (labelSmoothing) => {
    const logits = Float64Array.from(normals(12, 5));
    const labels = [2, IGNORED, 0];
    const g = await gradient(3, logits, labels, labelSmoothing);
    for (let i = 0; i < logits.length; i++) {
      const moved = (step: number) => logits.map((value, j) => (j === i ? value + step : value));
      const [above] = await crossEntropy(3, moved(1e-5), labels, labelSmoothing);
      const [below] = await crossEntropy(3, moved(-1e-5), labels, labelSmoothing);
      expect(g[i]).toBeCloseTo((2 * (above - below)) / 2e-5, 8);
    }
  });

  it("is 0 when every row is ignored", async () => {
    expect(Array.from(await gradient(1, [1, 2], [IGNORED]))).toEqual([0, 0]);
  });
});
