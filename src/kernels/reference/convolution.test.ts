import { describe, expect, it } from "vitest";
import { elementCount } from "../../base/shape.ts";
import { integers } from "../conformance/data.ts";
import { convolutionCases } from "../conformance/product-cases.ts";
import { type OpRun, runOp } from "../conformance/run-op.ts";
import type { ConvAttrs } from "../contract.ts";
import { createReferenceKernels } from "./kernel-set.ts";

const kernels = createReferenceKernels();

const PLAIN: ConvAttrs = {
  strideH: 1,
  strideW: 1,
  padH: 0,
  padW: 0,
  dilationH: 1,
  dilationW: 1,
  groups: 1,
  carrier: "f32",
};

/** 1 … 9 as an image of three rows, one channel. */
const IMAGE = { shape: [1, 3, 3, 1], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] };

async function conv(
  attrs: Partial<ConvAttrs>,
  kernel: readonly number[],
  outShape: readonly number[],
): Promise<number[]> {
  const [y] = await runOp(kernels, {
    op: "conv2d",
    attrs: { ...PLAIN, ...attrs },
    inputs: [IMAGE, { shape: [1, 2, 2, 1], values: kernel }],
    outputs: [{ shape: outShape }],
  });
  return Array.from(y);
}

describe("conv2d, by hand", () => {
  it("is a cross-correlation: the kernel is not flipped", async () => {
    expect(await conv({}, [1, 2, 3, 4], [1, 2, 2, 1])).toEqual([37, 47, 67, 77]);
  });

  it("pads with zeros", async () => {
    const expected = [4, 11, 18, 9, 18, 37, 47, 21, 36, 67, 77, 33, 14, 23, 26, 9];
    expect(await conv({ padH: 1, padW: 1 }, [1, 2, 3, 4], [1, 4, 4, 1])).toEqual(expected);
  });

  it("strides and dilates each axis by itself", async () => {
    expect(await conv({ strideH: 2, padH: 1, strideW: 1 }, [1, 2, 3, 4], [1, 2, 2, 1])).toEqual([
      11, 18, 67, 77,
    ]);
    // Corners 1, 3, 7, 9.
    expect(await conv({ dilationH: 2, dilationW: 2 }, [1, 2, 3, 4], [1, 1, 1, 1])).toEqual([64]);
    expect(await conv({ dilationH: 2 }, [1, 2, 3, 4], [1, 1, 2, 1])).toEqual([58, 68]);
  });

  it("keeps groups apart", async () => {
    const [y] = await runOp(kernels, {
      op: "conv2d",
      attrs: { ...PLAIN, groups: 2 },
      inputs: [
        { shape: [1, 1, 1, 4], values: [1, 10, 100, 1000] },
        { shape: [2, 1, 1, 2], values: [1, 2, 3, 4] },
      ],
      outputs: [{ shape: [1, 1, 1, 2] }],
    });
    expect(Array.from(y)).toEqual([21, 4300]);
  });

  it("scales integers by the sum of their exponents", async () => {
    const [y] = await runOp(kernels, {
      op: "conv2d",
      attrs: { ...PLAIN, carrier: "i16" },
      inputs: [
        { shape: [1, 1, 1, 2], values: [32767, -32767], dtype: "i16" },
        { shape: [1, 1, 1, 2], values: [32767, 32766], dtype: "i16" },
        { shape: [1], values: [-20], dtype: "i32" },
        { shape: [1], values: [5], dtype: "i32" },
      ],
      outputs: [{ shape: [1, 1, 1, 1] }],
    });
    expect(y[0]).toBe(32767 * 2 ** -15);
  });
});

type Forward = OpRun<"conv2d">;

/** Σ a·b. */
function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

describe("the gradients are adjoint to the forward pass", () => {
  const forwards = convolutionCases().filter(
    (run): run is Forward => run.op === "conv2d" && run.attrs.carrier === "f32",
  );

  // With small integers every sum is exact, so ⟨conv(x, w), gy⟩ = ⟨x, gx⟩ = ⟨w, gw⟩ holds to the last bit.
  it.each(forwards.map((run) => [run.inputs.map(({ shape }) => shape.join("x")).join(" * "), run] as const))(
    "%s",
    async (_name, { attrs, inputs, outputs }) => {
      const x = { shape: inputs[0].shape, values: integers(elementCount(inputs[0].shape), 1, 5) };
      const w = { shape: inputs[1].shape, values: integers(elementCount(inputs[1].shape), 2, 5) };
      const gy = { shape: outputs[0].shape, values: integers(elementCount(outputs[0].shape), 3, 5) };
      const [y] = await runOp(kernels, {
        op: "conv2d",
        attrs,
        inputs: [x, w],
        outputs: [{ shape: gy.shape }],
      });
      const [gx] = await runOp(kernels, {
        op: "conv2dGradInput",
        attrs,
        inputs: [gy, w],
        outputs: [{ shape: x.shape }],
      });
      const [gw] = await runOp(kernels, {
        op: "conv2dGradWeight",
        attrs,
        inputs: [gy, x],
        outputs: [{ shape: w.shape }],
      });
      const product = inner(y, gy.values);
      expect(inner(gx, x.values)).toBe(product);
      expect(inner(gw, w.values)).toBe(product);
    },
  );
});
