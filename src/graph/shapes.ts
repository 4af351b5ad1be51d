/**
 * One shape rule per primitive: input shapes and attributes → output shapes. A mapped type, so the compiler names a
 * primitive that has none. Also the door where wrong shapes are refused. Shape letters as in kernels/contract.ts.
 */
import { RoundoffError } from "../base/errors.ts";
import type { ConvAttrs, PoolAttrs } from "../kernels/contract.ts";
import type { Role } from "./graph.ts";
import type { Primitive, PrimitiveAttrs } from "./primitives.ts";

export type Shape = readonly number[];

export interface OutputSpec {
  readonly shape: Shape;
  readonly dtype?: "f32" | "i32";
  /** When the output is never an activation or error, whatever the phase. */
  readonly role?: Role;
}

export type ShapeRule<P extends Primitive> = (
  shapes: readonly Shape[],
  attrs: PrimitiveAttrs[P],
) => readonly OutputSpec[];

export const shapeRules: { readonly [P in Primitive]: ShapeRule<P> } = {
  conv2d: ([x, w], attrs) => [{ shape: conv2dShape(x, w, attrs) }],
  conv2dGradInput: (_, { shape }) => [{ shape }],
  conv2dGradWeight: (_, { shape }) => [{ shape }],
  matmul: ([a, b], attrs) => [{ shape: matmulShape(a, b, attrs.transA, attrs.transB) }],
  unary: ([x]) => [{ shape: x }],
  unaryGrad: ([z, g]) => [{ shape: same("operands", z, g) }],
  binary: ([a, b]) => [{ shape: broadcastShapes(a, b) }],
  affine: ([x]) => [{ shape: x }],
  reduceSum: ([x], { axes }) => [{ shape: x.map((size, axis) => (axes.includes(axis) ? 1 : size)) }],
  broadcastTo: ([x], { shape }) => [{ shape: same("broadcast shape", broadcastShapes(x, shape), shape) }],
  transpose: ([x], { perm }) => [{ shape: permute(x, perm) }],
  fill: (_, { shape }) => [{ shape }],
  copy: ([x]) => [{ shape: x }],
  quantizeDynamicFixed: ([x]) => [{ shape: x }, { shape: [1], dtype: "i32", role: "control" }],
  maxPool2d: ([x], attrs) => [
    { shape: pool2dShape(x, attrs) },
    { shape: pool2dShape(x, attrs), dtype: "i32", role: "control" },
  ],
  maxPool2dGrad: (_, { shape }) => [{ shape }],
  avgPool2d: ([x], attrs) => [{ shape: pool2dShape(x, attrs) }],
  avgPool2dGrad: (_, { shape }) => [{ shape }],
  batchNormTrain: ([x, ...channelVectors]) => {
    const channels = [x[x.length - 1]];
    for (const vector of channelVectors) same("channel vectors", channels, vector);
    const statistic: OutputSpec = { shape: channels, role: "statistic" };
    return [{ shape: x }, statistic, statistic, statistic, statistic];
  },
  batchNormTrainGrad: ([gy, x, weight]) => [
    { shape: same("gradient and input", gy, x) },
    { shape: weight, role: "gradBias" },
    { shape: weight, role: "gradBias" },
  ],
  softmaxCrossEntropy: ([logits, labels]) => {
    same("labels", [logits[0]], labels);
    return [
      { shape: [], role: "statistic" },
      { shape: [], role: "statistic" },
    ];
  },
  softmaxCrossEntropyGrad: ([, logits]) => [{ shape: logits }],
  countNonFinite: () => [{ shape: [], role: "control" }],
  lossScaleUpdate: ([state]) => [{ shape: state, role: "control" }],
  sgdUpdate: ([w, g, v]) => [
    { shape: same("parameter and gradient", w, g) },
    { shape: same("parameter and momentum", w, v), role: "optimizerState" },
  ],
  reshape: ([x], { shape }) => [{ shape: reshaped(x, shape) }],
  quantize: ([x]) => [{ shape: x }],
};

function mismatch(what: string, expected: string, received: string): RoundoffError {
  return new RoundoffError("SHAPE_MISMATCH", { what, expected, received });
}

const text = (shape: Shape) => `[${shape.join(", ")}]`;

function same(what: string, a: Shape, b: Shape): Shape {
  if (a.length !== b.length || a.some((size, i) => size !== b[i])) {
    throw mismatch(`${what} differ in shape`, text(a), text(b));
  }
  return a;
}

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

/** NumPy broadcasting of two shapes. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const sizeA = a[i - rank + a.length] ?? 1;
    const sizeB = b[i - rank + b.length] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) {
      throw mismatch("shapes do not broadcast", `${text(a)} against a compatible shape`, text(b));
    }
    return sizeA === 1 ? sizeB : sizeA;
  });
}

function permute(x: Shape, perm: readonly number[]): Shape {
  const sorted = [...perm].sort((p, q) => p - q);
  if (perm.length !== x.length || sorted.some((axis, i) => axis !== i)) {
    throw mismatch("perm is not a permutation of the axes", `${x.length} axes of ${text(x)}`, text(perm));
  }
  return perm.map((axis) => x[axis]);
}

function reshaped(x: Shape, shape: Shape): Shape {
  const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);
  if (count(x) !== count(shape))
    throw mismatch("element counts differ", `${count(x)} of ${text(x)}`, text(shape));
  return shape;
}
