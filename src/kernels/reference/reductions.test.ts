import { describe, expect, it } from "vitest";
import { runOp } from "../conformance/run-op.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const kernels = createReferenceKernels();
const X = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };

describe("transpose and broadcastTo", () => {
  it("permutes axes", async () => {
    const attrs = { perm: [1, 0] };
    const [y] = await runOp(kernels, { op: "transpose", attrs, inputs: [X], outputs: [{ shape: [3, 2] }] });
    expect(Array.from(y)).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("takes output axis i from input axis perm[i], also for a cycle of three", async () => {
    const x = { shape: [1, 2, 3], values: X.values };
    const attrs = { perm: [2, 0, 1] };
    const [y] = await runOp(kernels, {
      op: "transpose",
      attrs,
      inputs: [x],
      outputs: [{ shape: [3, 1, 2] }],
    });
    expect(Array.from(y)).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("repeats along new axes and axes of size 1", async () => {
    const column = { shape: [2, 1], values: [1, 2] };
    const outputs = [{ shape: [2, 2, 3] }];
    const [y] = await runOp(kernels, { op: "broadcastTo", attrs: {}, inputs: [column], outputs });
    expect(Array.from(y)).toEqual([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]);
  });

  it("handles tensors without elements", async () => {
    const empty = { shape: [0, 3], values: [] };
    const outputs = [{ shape: [3, 0] }];
    const [y] = await runOp(kernels, { op: "transpose", attrs: { perm: [1, 0] }, inputs: [empty], outputs });
    expect(y.length).toBe(0);
  });
});

describe("reduceSum", () => {
  it.each([
    [[0], [1, 3], [5, 7, 9]],
    [[1], [2, 1], [6, 15]],
    [[0, 1], [1, 1], [21]],
    [[], [2, 3], [1, 2, 3, 4, 5, 6]],
  ])("over axes %j", async (axes, shape, expected) => {
    const [y] = await runOp(kernels, { op: "reduceSum", attrs: { axes }, inputs: [X], outputs: [{ shape }] });
    expect(Array.from(y)).toEqual(expected);
  });
});
