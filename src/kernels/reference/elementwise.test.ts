import { describe, expect, it } from "vitest";
import { runOp } from "../conformance/run-op.ts";
import { GRAD_FROM_OUTPUT, UNARY_KINDS, type UnaryKind } from "../contract.ts";
import { createReferenceKernels } from "./kernel-set.ts";
import { UNARY_FUNCTIONS, UNARY_GRADIENTS } from "./unary-functions.ts";

const kernels = createReferenceKernels();

async function unary(kind: UnaryKind, values: readonly number[]): Promise<number[]> {
  const shape = [values.length];
  const [y] = await runOp(kernels, {
    op: "unary",
    attrs: { kind },
    inputs: [{ shape, values }],
    outputs: [{ shape }],
  });
  return Array.from(y);
}

describe("unary", () => {
  it("gives known values", async () => {
    expect(await unary("relu", [-1, 0, 2.5, Number.NaN])).toEqual([0, 0, 2.5, Number.NaN]);
    expect(await unary("abs", [-1, 2, -Infinity])).toEqual([1, 2, Infinity]);
    expect(await unary("square", [3, -1.5])).toEqual([9, 2.25]);
    expect(await unary("rsqrt", [4, 0.25, 0])).toEqual([0.5, 2, Infinity]);
    expect(await unary("exp", [0, 1])).toEqual([1, Math.fround(Math.E)]);
    expect(await unary("sigmoid", [0, 200, -200])).toEqual([0.5, 1, 0]);
  });

  it("computes gelu without cancellation in the tail, and 0 at −∞", async () => {
    // x·Φ(x) with Φ(−5) = 2.866515718791933e-7.
    const [tail, zero] = await unary("gelu", [-5, -Infinity]);
    expect(tail).toBe(Math.fround(-5 * 2.866515718791933e-7));
    expect(Math.abs(zero)).toBe(0);
  });
});

describe("unaryGrad", () => {
  it.each(UNARY_KINDS)("of %s is the slope of the function", (kind) => {
    for (const x of [0.3, 0.9, 1.7]) {
      const f = (at: number) => UNARY_FUNCTIONS[kind](at, 0.75, 1.25);
      const slope = (f(x + 1e-6) - f(x - 1e-6)) / 2e-6;
      const z = GRAD_FROM_OUTPUT.has(kind) ? f(x) : x;
      expect(UNARY_GRADIENTS[kind](z, 3, 0.75, 1.25)).toBeCloseTo(3 * slope, 7);
    }
  });

  it("passes nothing where relu cut off, and g where its output is NaN", () => {
    expect([0, 2, Number.NaN].map((y) => UNARY_GRADIENTS.relu(y, 7, 0, 0))).toEqual([0, 7, 7]);
    expect(UNARY_GRADIENTS.relu(0, Infinity, 0, 0)).toBe(0);
  });
});

describe("affine", () => {
  it("rounds the product and the sum separately", async () => {
    // x² = 1 + 2^−11 + 2^−24 needs 25 bits: rounding it first loses 2^−24, a fused operation would keep it.
    const x = 1 + 2 ** -12;
    const run = {
      op: "affine",
      attrs: { scale: x, offset: -1 },
      inputs: [{ shape: [1], values: [x] }],
      outputs: [{ shape: [1] }],
    } as const;
    expect((await runOp(kernels, run))[0][0]).toBe(2 ** -11);
    expect((await runOp(createReferenceKernels({ precision: "f64" }), run, "f64"))[0][0]).toBe(
      2 ** -11 + 2 ** -24,
    );
  });
});

describe("binary", () => {
  it("broadcasts as NumPy", async () => {
    const [y] = await runOp(kernels, {
      op: "binary",
      attrs: { kind: "sub" },
      inputs: [
        { shape: [2, 1, 3], values: [1, 2, 3, 4, 5, 6] },
        { shape: [2, 1], values: [10, 20] },
      ],
      outputs: [{ shape: [2, 2, 3] }],
    });
    expect(Array.from(y)).toEqual([-9, -8, -7, -19, -18, -17, -6, -5, -4, -16, -15, -14]);
  });

  it("hands NaN through maximum and minimum", async () => {
    for (const kind of ["maximum", "minimum"] as const) {
      const [y] = await runOp(kernels, {
        op: "binary",
        attrs: { kind },
        inputs: [
          { shape: [3], values: [Number.NaN, 1, 2] },
          { shape: [3], values: [1, Number.NaN, 2] },
        ],
        outputs: [{ shape: [3] }],
      });
      expect(Array.from(y)).toEqual([Number.NaN, Number.NaN, 2]);
    }
  });
});

describe("fill", () => {
  it("fills with the FP32 value of a constant", async () => {
    const [y] = await runOp(kernels, {
      op: "fill",
      attrs: { value: 0.1 },
      inputs: [],
      outputs: [{ shape: [2] }],
    });
    expect(Array.from(y)).toEqual([Math.fround(0.1), Math.fround(0.1)]);
  });
});
