import { describe, expect, it } from "vitest";
import { runOp } from "../conformance/run-op.ts";
import type { AvgPoolAttrs, PoolAttrs } from "../contract.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const kernels = createReferenceKernels();

const PLAIN = { dilationH: 1, dilationW: 1, adaptive: false };
const PADDED: PoolAttrs = { kernelH: 3, kernelW: 3, strideH: 2, strideW: 2, padH: 1, padW: 1, ...PLAIN };
const AVERAGED: AvgPoolAttrs = { ...PADDED, countIncludePad: true, divisorOverride: 0 };
/** 3 rows, 3 columns, one channel. */
const IMAGE = { shape: [1, 3, 3, 1], values: [1, 5, 3, 4, 5, -6, -7, -8, -9] };
const OUT = [1, 2, 2, 1];

describe("maxPool2d", () => {
  it("takes the first of equal maxima and ignores the padding", async () => {
    const outputs = [{ shape: OUT }, { shape: OUT, dtype: "i32" }] as const;
    const [y, index] = await runOp(kernels, { op: "maxPool2d", attrs: PADDED, inputs: [IMAGE], outputs });
    expect(Array.from(y)).toEqual([5, 5, 5, 5]);
    expect(Array.from(index)).toEqual([1, 1, 4, 4]);
  });

  it("lets the first NaN win", async () => {
    const values = [1, Number.NaN, 3, Number.NaN, 9, 9, 9, 9, 9];
    const inputs = [{ shape: [1, 3, 3, 1], values }];
    const outputs = [{ shape: OUT }, { shape: OUT, dtype: "i32" }] as const;
    const [y, index] = await runOp(kernels, { op: "maxPool2d", attrs: PADDED, inputs, outputs });
    expect(Array.from(y)).toEqual([Number.NaN, Number.NaN, Number.NaN, 9]);
    expect(Array.from(index)).toEqual([1, 1, 3, 4]);
  });

  it("sends gradients back to the winners of each image and channel", async () => {
    const gy = { shape: [2, 1, 1, 2], values: [1, 2, 3, 4] };
    const index = { shape: [2, 1, 1, 2], values: [0, 3, 2, 2], dtype: "i32" } as const;
    const attrs = { kernelH: 2, kernelW: 2, strideH: 2, strideW: 2, padH: 0, padW: 0, ...PLAIN };
    const outputs = [{ shape: [2, 2, 2, 2] }];
    const [gx] = await runOp(kernels, { op: "maxPool2dGrad", attrs, inputs: [gy, index], outputs });
    expect(Array.from(gx)).toEqual([1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 4, 0, 0]);
  });

  it("adds gradients of windows that share a winner", async () => {
    const gy = { shape: OUT, values: [1, 10, 100, 1000] };
    const index = { shape: OUT, values: [1, 1, 4, 4], dtype: "i32" } as const;
    const outputs = [{ shape: IMAGE.shape }];
    const [gx] = await runOp(kernels, { op: "maxPool2dGrad", attrs: PADDED, inputs: [gy, index], outputs });
    expect(Array.from(gx)).toEqual([0, 11, 0, 0, 1100, 0, 0, 0, 0]);
  });
});

describe("avgPool2d", () => {
  it("divides by the whole window, padding included", async () => {
    const ones = { shape: [1, 3, 3, 1], values: new Float32Array(9).fill(9) };
    const outputs = [{ shape: OUT }];
    const [y] = await runOp(kernels, { op: "avgPool2d", attrs: AVERAGED, inputs: [ones], outputs });
    expect(Array.from(y)).toEqual([4, 4, 4, 4]);
  });

  it("spreads each gradient over its window", async () => {
    const gy = { shape: OUT, values: [9, 18, 27, 36] };
    const outputs = [{ shape: IMAGE.shape }];
    const [gx] = await runOp(kernels, { op: "avgPool2dGrad", attrs: AVERAGED, inputs: [gy], outputs });
    expect(Array.from(gx)).toEqual([1, 3, 2, 4, 10, 6, 3, 7, 4]);
  });
});
