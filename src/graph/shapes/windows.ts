/** Shapes of pooling and resampling: the output's shape is an attribute, since ceil mode and adaptive sizes are choices. Part of shapes.ts. */
import type { PoolAttrs } from "../../kernels/contract.ts";
import { mismatch, type Shape, type ShapeRules, text } from "./rule.ts";

export const windowShapes: Pick<
  ShapeRules,
  "maxPool2d" | "maxPool2dGrad" | "avgPool2d" | "avgPool2dGrad" | "resample2d" | "resample2dGrad"
> = {
  maxPool2d: ([x], attrs) => {
    const shape = pool2dShape(x, attrs);
    return [{ shape }, { shape, dtype: "i32", role: "control" }];
  },
  maxPool2dGrad: (_, { shape }) => [{ shape }],
  avgPool2d: ([x], attrs) => [{ shape: pool2dShape(x, attrs) }],
  avgPool2dGrad: (_, { shape }) => [{ shape }],
  resample2d: ([x], { shape }) => {
    const fits = x.length === 4 && shape.every((size) => Number.isInteger(size) && size >= 1);
    if (!fits)
      throw mismatch(
        "an image cannot be resampled",
        "[N, H, W, C] to sizes of at least 1",
        `${text(x)} to ${text(shape)}`,
      );
    return [{ shape }];
  },
  resample2dGrad: (_, { shape }) => [{ shape }],
};

function pool2dShape(x: Shape, attrs: PoolAttrs & { readonly shape: Shape }): Shape {
  const { shape } = attrs;
  if (x.length !== 4) throw mismatch("the input is not an image batch", "[N, H, W, C]", text(x));
  if (shape.some((size) => !(Number.isInteger(size) && size >= 1))) {
    const kernel = `kernel ${attrs.kernelH}×${attrs.kernelW} on ${text(x)}`;
    throw mismatch("the window is larger than the padded input", "an output of at least 1×1", kernel);
  }
  if (!attrs.adaptive) {
    requirePixels(x[1], shape[1], [attrs.kernelH, attrs.strideH, attrs.padH, attrs.dilationH]);
    requirePixels(x[2], shape[2], [attrs.kernelW, attrs.strideW, attrs.padW, attrs.dilationW]);
  }
  return shape;
}

/** Every window along one axis has a pixel of the image in it. */
function requirePixels(
  size: number,
  windows: number,
  [kernel, stride, pad, dilation]: readonly [number, number, number, number],
): void {
  for (let o = 0; o < windows; o++) {
    const start = o * stride - pad;
    // Steps to the first pixel of the window that is not before the image.
    const steps = Math.max(0, Math.ceil(-start / dilation));
    if (steps < kernel && start + steps * dilation < size) continue;
    throw mismatch(
      `window ${o} of a pooling lies in the padding alone`,
      `padding of at most half of the kernel's extent ${dilation * (kernel - 1) + 1}`,
      `padding ${pad}, ${size} pixels`,
    );
  }
}
