/**
 * The products that are measured: matrices by their sizes, convolutions in their three directions by what a model has or a
 * text says. Shapes and operation counts only; knows nothing of recipes or time.
 */
import { RoundoffError } from "../../base/errors.ts";
import type { ConvAttrs, OpAttrs } from "../../kernels/contract.ts";
import { modelDefinition } from "../../models/catalog.ts";
import { createModel } from "../../models/model.ts";
import type { Gemm, PolicyRole } from "../../precision/policy.ts";
import { recipe } from "../../recipes/catalog.ts";
import { batchArrays, evaluationGraph } from "../../train/graphs.ts";

/** One operand or result of a product, and the role that a recipe's policy knows it by. */
export interface ProductTensor {
  readonly shape: readonly number[];
  readonly role: PolicyRole;
}

export interface ProductWork {
  readonly name: string;
  readonly op: "matmul" | "conv2d" | "conv2dGradInput" | "conv2dGradWeight";
  readonly gemm: Gemm;
  readonly attrs: Omit<OpAttrs["matmul"], "carrier"> | Omit<ConvAttrs, "carrier">;
  readonly inputs: readonly [ProductTensor, ProductTensor];
  readonly output: ProductTensor;
  /** A multiply-add is two; positions in the padding count. */
  readonly operations: number;
}

/** `1024x512x256`: m, n, k of C[m,n] = A[m,k] · B[k,n]. */
export function gemmWork(text: string): ProductWork {
  const [m, n, k] = numbers(text, /^(\d{1,7})x(\d{1,7})x(\d{1,7})$/, "m x n x k, such as 1024x1024x1024");
  return {
    name: `${m}x${n}x${k}`,
    op: "matmul",
    gemm: "output",
    attrs: { transA: false, transB: false },
    inputs: [
      { shape: [m, k], role: "input" },
      { shape: [k, n], role: "weight" },
    ],
    output: { shape: [m, n], role: "activation" },
    operations: 2 * m * n * k,
  };
}

interface ConvLayer {
  /** [N, H, W, C] and [K, R, S, C/groups]. */
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attrs: Omit<ConvAttrs, "carrier">;
}

const CONV_SYNTAX = "CxHxW/KxRxS, then s stride, p padding, g groups: 64x56x56/64x3x3/s1p1";

/** `64x56x56/64x3x3/s2p1g1` in its three directions. Stride and groups default to 1, padding to half of the kernel. */
export function convWorks(text: string, batch: number): ProductWork[] {
  const pattern =
    /^(\d{1,6})x(\d{1,6})x(\d{1,6})\/(\d{1,6})x(\d{1,3})x(\d{1,3})(?:\/(?:s(\d+))?(?:p(\d+))?(?:g(\d+))?)?$/;
  const [c, h, w, k, r, s, stride = 1, pad = Math.floor(r / 2), groups = 1] = numbers(
    text,
    pattern,
    CONV_SYNTAX,
  );
  const attrs = {
    strideH: stride,
    strideW: stride,
    padH: pad,
    padW: pad,
    dilationH: 1,
    dilationW: 1,
    groups,
  };
  const fits =
    stride > 0 && groups > 0 && c % groups === 0 && k % groups === 0 && h + 2 * pad >= r && w + 2 * pad >= s;
  if (!fits) throw badShape(text, `${CONV_SYNTAX}; groups divide the channels, and the kernel fits`);
  return directions({ x: [batch, h, w, c], w: [k, r, s, c / groups], attrs });
}

/** The distinct convolutions of a model, in its order. */
export function convWorksOfModel(
  name: string,
  batch: number,
  image: number,
  channels: number,
): ProductWork[] {
  const model = createModel(modelDefinition(name), { channels, size: image, classes: 10 });
  const graph = evaluationGraph(model, recipe("fp32"), batchArrays([batch, image, image, channels]));
  const layers = new Map<string, ConvLayer>();
  for (const node of graph.nodes) {
    if (node.op !== "conv2d") continue;
    const [x, w] = node.inputs.map(({ shape }) => shape);
    const { carrier: _, accumulator: _own, ...attrs } = node.attrs;
    layers.set(JSON.stringify([x, w, attrs]), { x, w, attrs });
  }
  return [...layers.values()].flatMap(directions);
}

function directions({ x, w, attrs }: ConvLayer): ProductWork[] {
  const [n, height, width, c] = x;
  const [k, r, s, groupChannels] = w;
  const y = [
    n,
    outSize(height, r, attrs.padH, attrs.strideH, attrs.dilationH),
    outSize(width, s, attrs.padW, attrs.strideW, attrs.dilationW),
    k,
  ];
  const marks = `s${attrs.strideH}p${attrs.padH}${attrs.groups > 1 ? `g${attrs.groups}` : ""}`;
  const name = `${c}x${height}x${width}/${k}x${r}x${s}/${marks}`;
  const operations = 2 * n * y[1] * y[2] * k * r * s * groupChannels;
  const image: ProductTensor = { shape: x, role: "input" };
  const weight: ProductTensor = { shape: w, role: "weight" };
  const error: ProductTensor = { shape: y, role: "gradOutput" };
  const common = { name, attrs, operations };
  return [
    {
      ...common,
      op: "conv2d",
      gemm: "output",
      inputs: [image, weight],
      output: { shape: y, role: "activation" },
    },
    {
      ...common,
      op: "conv2dGradInput",
      gemm: "gradInput",
      inputs: [error, weight],
      output: { shape: x, role: "error" },
    },
    {
      ...common,
      op: "conv2dGradWeight",
      gemm: "gradWeight",
      inputs: [error, image],
      output: { shape: w, role: "gradWeight" },
    },
  ];
}

function outSize(size: number, kernel: number, pad: number, stride: number, dilation: number): number {
  return Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** The numbers of a text; undefined for groups that are not there. */
function numbers(text: string, pattern: RegExp, expected: string): number[] {
  const found = pattern
    .exec(text)
    ?.slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  if (found === undefined || found.slice(0, 6).some((value) => value === 0)) throw badShape(text, expected);
  return found as number[];
}

function badShape(text: string, expected: string): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: "--shapes has a part that is no shape",
    expected,
    received: `"${text}"`,
  });
}
