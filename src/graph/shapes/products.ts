/** Shapes of convolutions and matrix products. Part of shapes.ts. */
import type { ConvAttrs } from "../../kernels/contract.ts";
import { mismatch, type Shape, type ShapeRules, same, text } from "./rule.ts";

export const productShapes: Pick<ShapeRules, "conv2d" | "conv2dGradInput" | "conv2dGradWeight" | "matmul"> = {
  conv2d: ([x, w], attrs) => [{ shape: conv2dShape(x, w, attrs) }],
  conv2dGradInput: ([gy, w], attrs) => {
    same("gradient and what the convolution gives", gy, conv2dShape(attrs.shape, w, attrs));
    return [{ shape: attrs.shape }];
  },
  conv2dGradWeight: ([gy, x], attrs) => {
    same("gradient and what the convolution gives", gy, conv2dShape(x, attrs.shape, attrs));
    return [{ shape: attrs.shape }];
  },
  matmul: ([a, b], attrs) => [{ shape: matmulShape(a, b, attrs.transA, attrs.transB) }],
};

function conv2dShape(x: Shape, w: Shape, attrs: ConvAttrs): Shape {
  if (x.length !== 4) throw mismatch("the input is not an image batch", "[N, H, W, C]", text(x));
  if (w.length !== 4) throw mismatch("the weight has the wrong rank", "[K, R, S, C / groups]", text(w));
  const [n, h, width, c] = x;
  const [k, r, s, perGroup] = w;
  if (c !== perGroup * attrs.groups || k % attrs.groups !== 0) {
    throw mismatch(
      `channels do not fit ${attrs.groups} group(s)`,
      `weight [K, R, S, ${c / attrs.groups}] for input ${text(x)}`,
      text(w),
    );
  }
  const oh = outputSize(h, r, attrs.strideH, attrs.padH, attrs.dilationH);
  const ow = outputSize(width, s, attrs.strideW, attrs.padW, attrs.dilationW);
  if (oh < 1 || ow < 1) throw mismatch("the kernel is larger than the padded input", text(x), text(w));
  return [n, oh, ow, k];
}

/** Output size of a convolution or pooling along one axis. */
export function outputSize(size: number, kernel: number, stride: number, pad: number, dilation = 1): number {
  return Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
}

function matmulShape(a: Shape, b: Shape, transA: boolean, transB: boolean): Shape {
  if (a.length < 2 || b.length < 2) throw mismatch("operands need two axes or more", "[…, M, K]", text(a));
  const [m, ka] = transA ? [a.at(-1), a.at(-2)] : [a.at(-2), a.at(-1)];
  const [kb, n] = transB ? [b.at(-1), b.at(-2)] : [b.at(-2), b.at(-1)];
  if (ka !== kb)
    throw mismatch("reduction axes differ", `K = ${ka} from ${text(a)}`, `${kb} from ${text(b)}`);
  const leadA = a.slice(0, -2);
  const leadB = b.slice(0, -2);
  if (leadA.length > 0 && leadB.length > 0) same("leading axes", leadA, leadB);
  return [...(leadA.length > 0 ? leadA : leadB), m!, n!];
}
