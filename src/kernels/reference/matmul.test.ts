import { describe, expect, it } from "vitest";
import { type OpInput, runOp } from "../conformance/run-op.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const kernels = createReferenceKernels();

async function product(
  a: OpInput,
  b: OpInput,
  shape: readonly number[],
  transA = false,
  transB = false,
): Promise<number[]> {
  const attrs = { transA, transB, carrier: "f32" } as const;
  const [c] = await runOp(kernels, { op: "matmul", attrs, inputs: [a, b], outputs: [{ shape }] });
  return Array.from(c);
}

describe("matmul", () => {
  // [1 2 3; 4 5 6] · [7 8; 9 10; 11 12] = [58 64; 139 154], each operand also stored with its axes swapped.
  const a = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };
  const b = { shape: [3, 2], values: [7, 8, 9, 10, 11, 12] };
  const aSwapped = { shape: [3, 2], values: [1, 4, 2, 5, 3, 6] };
  const bSwapped = { shape: [2, 3], values: [7, 9, 11, 8, 10, 12] };

  it.each([
    ["as stored", a, b, false, false],
    ["with a swapped", aSwapped, b, true, false],
    ["with b swapped", a, bSwapped, false, true],
    ["with both swapped", aSwapped, bSwapped, true, true],
  ] as const)("multiplies %s", async (_name, left, right, transA, transB) => {
    expect(await product(left, right, [2, 2], transA, transB)).toEqual([58, 64, 139, 154]);
  });

  it("repeats an operand of rank 2 for every batch", async () => {
    const twice = { shape: [2, 1, 3], values: a.values };
    expect(await product(twice, b, [2, 1, 2])).toEqual([58, 64, 139, 154]);
    const scaled = { shape: [2, 3, 1], values: [1, 1, 1, 2, 2, 2] };
    expect(await product(a, scaled, [2, 2, 1])).toEqual([6, 15, 12, 30]);
  });

  it("rounds the sum once", async () => {
    // Rounded after every addition, the two halves of an ulp would both be lost.
    const ones = { shape: [3, 1], values: [1, 1, 1] };
    const sum = await product({ shape: [1, 3], values: [1, 2 ** -24, 2 ** -24] }, ones, [1, 1]);
    expect(sum).toEqual([1 + 2 ** -23]);
  });

  it("is zero without an inner dimension", async () => {
    expect(await product({ shape: [2, 0], values: [] }, { shape: [0, 1], values: [] }, [2, 1])).toEqual([
      0, 0,
    ]);
  });
});
