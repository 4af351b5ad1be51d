/**
 * Convolutions with PyTorch's names and defaults on channels-last data: images [N, H, W, C], sequences [N, L, C]. A
 * transposed convolution is the input gradient of a convolution, so it has the same primitive and the same rounding.
 */
import { RoundoffError } from "../../base/errors.ts";
import { formatShape } from "../../graph/graph.ts";
import { pair, type Size2d } from "../../graph/pooling.ts";
import { type ConvOptions, convAttrs, type Tensor } from "../../graph/tensor.ts";
import { apply } from "./apply.ts";

/** Padding that keeps the size, as PyTorch's `same`: needs stride 1. */
export type Padding2d = Size2d | "same" | "valid";

export interface ConvolutionOptions extends Omit<ConvOptions, "padding"> {
  readonly bias?: Tensor;
  readonly padding?: Padding2d;
}

/** x[N,H,W,C] with weight[K,R,S,C/groups] (, bias[K]) → [N,OH,OW,K]. PyTorch's weight is [K, C/groups, R, S]. */
export function conv2d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  const { bias, padding, ...spatial } = options;
  if (padding !== "same") {
    const numbers = padding === "valid" ? 0 : padding;
    return addBias(x.conv2d(weight, { ...spatial, padding: numbers }), bias);
  }
  const reach = reachOf(weight, options);
  // What an even kernel reaches farther goes behind the image, as PyTorch has it.
  const extra = reach.map((pixels): [number, number] => [0, pixels % 2]);
  const padded = x.pad([undefined, extra[0], extra[1]]);
  const half = [Math.floor(reach[0] / 2), Math.floor(reach[1] / 2)] as const;
  return addBias(padded.conv2d(weight, { ...spatial, padding: half }), bias);
}

/** Rows and columns that a kernel reaches beyond one pixel: what the padding `same` adds. */
function reachOf(weight: Tensor, { dilation = 1, stride = 1 }: ConvolutionOptions): readonly number[] {
  if (pair(stride).some((step) => step !== 1)) {
    throw new RoundoffError("UNSUPPORTED", {
      what: 'padding "same" of a convolution with a stride',
      expected: "stride 1",
      received: String(stride),
      hint: "Give the padding in pixels.",
    });
  }
  return pair(dilation).map((step, axis) => step * (weight.shape[1 + axis] - 1));
}

export interface ConvTransposeOptions extends ConvOptions {
  readonly bias?: Tensor;
  /** Rows and columns added at one side of the output: which of the sizes that a strided convolution maps to one is meant. */
  readonly outputPadding?: Size2d;
}

/**
 * x[N,H,W,C] with weight[C,R,S,K/groups] (, bias[K]) → [N,OH,OW,K], OH = (H − 1)·stride − 2·padding + dilation·(R − 1) +
 * outputPadding + 1. PyTorch's weight is [C, K/groups, R, S].
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const attrs = convAttrs(options);
  requireTransposable(x, weight, attrs.groups);
  const [extraH, extraW] = pair(options.outputPadding ?? 0);
  // Output beyond a whole stride is what a pixel of zeros behind the image gives; it needs a dilation larger than the stride.
  const more = [Math.floor(extraH / attrs.strideH), Math.floor(extraW / attrs.strideW)];
  const padded = x.pad([undefined, [0, more[0]], [0, more[1]]]);
  const [n, h, w] = x.shape;
  const [, rows, columns, perGroup] = weight.shape;
  const shape = [
    n,
    (h - 1) * attrs.strideH - 2 * attrs.padH + attrs.dilationH * (rows - 1) + extraH + 1,
    (w - 1) * attrs.strideW - 2 * attrs.padW + attrs.dilationW * (columns - 1) + extraW + 1,
    perGroup * attrs.groups,
  ];
  return addBias(apply("conv2dGradInput", [padded, weight], { ...attrs, shape }), options.bias);
}

function requireTransposable(x: Tensor, weight: Tensor, groups: number): void {
  const fits = x.shape.length === 4 && weight.shape.length === 4 && weight.shape[0] === x.shape[3];
  if (fits && x.shape[3] % groups === 0) return;
  throw new RoundoffError("SHAPE_MISMATCH", {
    what: `the weight of a transposed convolution with ${groups} group(s) does not fit its input`,
    expected: `[C, R, S, K / groups] for an input [N, H, W, C] whose C the groups divide`,
    received: `weight ${formatShape(weight.shape)}, input ${formatShape(x.shape)}`,
  });
}

function addBias(y: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? y : y.add(bias);
}

export interface Conv1dOptions {
  readonly bias?: Tensor;
  readonly stride?: number;
  readonly padding?: number | "same" | "valid";
  readonly dilation?: number;
  readonly groups?: number;
}

/** x[N,L,C] with weight[K,S,C/groups] (, bias[K]) → [N,OL,K]. PyTorch's weight is [K, C/groups, S]. */
export function conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions = {}): Tensor {
  const { padding = 0, ...rest } = options;
  const rows = typeof padding === "number" ? ([0, padding] as const) : padding;
  return asRow(x, (image) => conv2d(image, rowKernel(weight), { ...alongRow(rest), padding: rows }));
}

export interface ConvTranspose1dOptions extends Omit<Conv1dOptions, "padding"> {
  readonly padding?: number;
  readonly outputPadding?: number;
}

/** x[N,L,C] with weight[C,S,K/groups] (, bias[K]) → [N,OL,K]. PyTorch's weight is [C, K/groups, S]. */
export function convTranspose1d(x: Tensor, weight: Tensor, options: ConvTranspose1dOptions = {}): Tensor {
  const { padding = 0, outputPadding = 0, ...rest } = options;
  const spatial = { ...alongRow(rest), padding: [0, padding], outputPadding: [0, outputPadding] } as const;
  return asRow(x, (image) => convTranspose2d(image, rowKernel(weight), spatial));
}

function alongRow({ bias, stride = 1, dilation = 1, groups }: Omit<Conv1dOptions, "padding">) {
  return { bias, groups, stride: [1, stride], dilation: [1, dilation] } as const;
}

function rowKernel(weight: Tensor): Tensor {
  if (weight.shape.length !== 3) {
    throw new RoundoffError("SHAPE_MISMATCH", {
      what: "the weight of a one-dimensional convolution has the wrong rank",
      expected: "[K, S, C / groups]",
      received: formatShape(weight.shape),
    });
  }
  const [k, s, c] = weight.shape;
  return weight.reshape([k, 1, s, c]);
}

/** Runs `body` on x[N,L,C] as images of one row and takes the row out again. */
export function asRow(x: Tensor, body: (image: Tensor) => Tensor): Tensor {
  if (x.shape.length !== 3) {
    throw new RoundoffError("SHAPE_MISMATCH", {
      what: "the input is not a batch of sequences",
      expected: "[N, L, C]",
      received: formatShape(x.shape),
    });
  }
  const [n, length, channels] = x.shape;
  const y = body(x.reshape([n, 1, length, channels]));
  return y.reshape([y.shape[0], y.shape[2], y.shape[3]]);
}
