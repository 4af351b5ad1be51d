/** Shapes of pooling. Part of shapes.ts. */
import type { PoolAttrs } from "../../kernels/contract.ts";
import { outputSize } from "./products.ts";
import { mismatch, type Shape, type ShapeRules, text } from "./rule.ts";

export const windowShapes: Pick<ShapeRules, "maxPool2d" | "maxPool2dGrad" | "avgPool2d" | "avgPool2dGrad"> = {
  maxPool2d: ([x], attrs) => [
    { shape: pool2dShape(x, attrs) },
    { shape: pool2dShape(x, attrs), dtype: "i32", role: "control" },
  ],
  maxPool2dGrad: (_, { shape }) => [{ shape }],
  avgPool2d: ([x], attrs) => [{ shape: pool2dShape(x, attrs) }],
  avgPool2dGrad: (_, { shape }) => [{ shape }],
};

function pool2dShape(x: Shape, attrs: PoolAttrs): Shape {
  if (x.length !== 4) throw mismatch("the input is not an image batch", "[N, H, W, C]", text(x));
  const oh = outputSize(x[1], attrs.kernelH, attrs.strideH, attrs.padH);
  const ow = outputSize(x[2], attrs.kernelW, attrs.strideW, attrs.padW);
  if (oh < 1 || ow < 1) {
    throw mismatch(
      "the window is larger than the padded input",
      text(x),
      `${attrs.kernelH}×${attrs.kernelW}`,
    );
  }
  return [x[0], oh, ow, x[3]];
}
