import { describe, expect, it } from "vitest";
import { type OpInput, runOp } from "../conformance/run-op.ts";
import type { OpAttrs } from "../contract.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const kernels = createReferenceKernels();
const truth = createReferenceKernels({ precision: "f64" });

const scalar = (value: number): OpInput => ({ shape: [1], values: [value] });
const sgd = { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, clipValue: Infinity };

/** One update of one weight: w′ and the states. */
async function updateOne(
  attrs: OpAttrs["sgdUpdate"],
  inputs: readonly number[],
  { set = kernels, tail = [] as readonly OpInput[] } = {},
): Promise<number[]> {
  const outputs = new Array(attrs.momentum === 0 ? 1 : 2).fill({ shape: [1] });
  const run = { op: "sgdUpdate" as const, attrs, inputs: [...inputs.map(scalar), ...tail], outputs };
  const next = await runOp(set, run, set === truth ? "f64" : "f32");
  return next.map((array) => array[0]);
}

/** Weights after each of `steps` updates from w = 1 with gradient 0.5 and rate 0.1, in FP64. */
async function trajectory(attrs: OpAttrs["sgdUpdate"], steps: number): Promise<number[]> {
  let w = 1;
  let states: number[] = attrs.momentum === 0 ? [] : [0];
  const weights: number[] = [];
  for (let step = 1; step <= steps; step++) {
    [w, ...states] = await updateOne(attrs, [w, 0.5, ...states, 0.1, step], { set: truth });
    weights.push(w);
  }
  return weights;
}

describe("sgdUpdate", () => {
  // The recurrences of PyTorch's SGD worked out by hand: g = 0.5 + 0.1·w; v = 0.9·v + g; w −= 0.1·d.
  it.each([
    ["plain", sgd, [0.95, 0.9, 0.85]],
    ["with weight decay", { ...sgd, weightDecay: 0.1 }, [0.94, 0.8806, 0.821794]],
    ["with momentum", { ...sgd, momentum: 0.9, weightDecay: 0.1 }, [0.94, 0.8266, 0.666274]],
    ["with dampening", { ...sgd, momentum: 0.5, dampening: 0.5 }, [0.95, 0.9, 0.85]],
    ["with value clipping", { ...sgd, clipValue: 0.25 }, [0.975, 0.95, 0.925]],
    [
      "with Nesterov",
      { ...sgd, momentum: 0.9, weightDecay: 0.1, nesterov: true },
      [0.886, 0.725566, 0.525363646],
    ],
  ])("%s", async (_name, attrs, expected) => {
    const weights = await trajectory(attrs, 3);
    weights.forEach((w, step) => {
      expect(w).toBeCloseTo(expected[step], 12);
    });
  });

  it("divides by the loss scale first, and then multiplies with the clip factor", async () => {
    const tail = [{ shape: [4], values: [1024, 0, 0, 0] }, scalar(0)];
    const attrs = { ...sgd, momentum: 0.5 };
    expect(await updateOne(attrs, [1, 512, 0, 0.5, 2], { tail })).toEqual([0.75, 0.5]);
    const clipped = [...tail, scalar(0.5)];
    expect(await updateOne(attrs, [1, 512, 0, 0.5, 2], { tail: clipped })).toEqual([0.875, 0.25]);
  });

  it("changes nothing when a gradient was not finite", async () => {
    const tail = [{ shape: [4], values: [1, 0, 0, 0] }, scalar(1)];
    const attrs = { ...sgd, momentum: 0.9, weightDecay: 0.1, nesterov: true };
    expect(await updateOne(attrs, [1, Number.NaN, 3, 0.5, 2], { tail })).toEqual([1, 3]);
  });

  it("rounds every operation to FP32 in the contract's order", async () => {
    // 0.9·v rounds before g is added: the exact sum would round to another neighbour.
    const [w, g, v, lr] = [1, 1.1, 1.3, 0.1].map(Math.fround);
    const velocity = Math.fround(Math.fround(Math.fround(0.9) * v) + g);
    const [nextW, nextV] = await updateOne({ ...sgd, momentum: 0.9 }, [w, g, v, lr, 2]);
    expect(nextV).toBe(velocity);
    expect(nextW).toBe(Math.fround(w - Math.fround(lr * velocity)));
  });
});

describe("countNonFinite", () => {
  it("counts NaN and both infinities over all inputs", async () => {
    const inputs = [
      { shape: [2, 2], values: [1, Number.NaN, -Infinity, 3e38] },
      { shape: [2], values: [0, Infinity] },
    ];
    const [found] = await runOp(kernels, {
      op: "countNonFinite",
      attrs: {},
      inputs,
      outputs: [{ shape: [] }],
    });
    expect(found[0]).toBe(3);
  });
});

describe("lossScaleUpdate", () => {
  const attrs = { growthFactor: 2, backoffFactor: 0.5, growthInterval: 3, minScale: 4, maxScale: 64 };

  it("walks through growth, back-off, floor and ceiling", async () => {
    let state: ArrayLike<number> = [16, 0, 0, 0];
    const history: number[][] = [];
    for (const found of [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 1, 1, 1]) {
      const inputs = [{ shape: [4], values: state }, scalar(found)];
      const outputs = [{ shape: [4], inPlaceOf: 0 }];
      [state] = await runOp(kernels, { op: "lossScaleUpdate", attrs, inputs, outputs });
      history.push(Array.from(state));
    }
    expect(history.map(([lossScale]) => lossScale)).toEqual([
      16, 16, 32, 32, 32, 64, 64, 64, 64, 32, 16, 16, 8, 4, 4,
    ]);
    expect(history.map(([, goodSteps]) => goodSteps)).toEqual([1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0, 1, 0, 0, 0]);
    expect(history.at(-1)).toEqual([4, 0, 5, 1]);
    expect(history[11]).toEqual([16, 1, 2, 0]);
  });

  it("stays constant with both factors 1 and still counts", async () => {
    const constant = { ...attrs, growthFactor: 1, backoffFactor: 1, minScale: 0 };
    const inputs = [{ shape: [4], values: [1000, 2, 0, 0] }, scalar(1)];
    const [state] = await runOp(kernels, {
      op: "lossScaleUpdate",
      attrs: constant,
      inputs,
      outputs: [{ shape: [4] }],
    });
    expect(Array.from(state)).toEqual([1000, 0, 1, 1]);
  });
});
