/**
 * One rule per primitive: which ONNX operators compute it. Convolutions and pooling stand between transpositions, because ONNX has
 * channels first; runtimes fold those that meet. Source: ONNX operator schemas, opset 17.
 */
import type { Node, NodeOf, Value } from "../graph/graph.ts";
import type { BinaryKind, UnaryKind } from "../kernels/contract.ts";
import { notInOnnx, type OnnxGraph, TRACED_BATCH } from "./onnx-graph.ts";

export interface Numbers {
  /** The numbers of a state; undefined for values that nodes compute. */
  readonly numbers: (value: Value) => Float32Array | undefined;
}

const UNARY: Partial<Readonly<Record<UnaryKind, string>>> = {
  relu: "Relu",
  neg: "Neg",
  abs: "Abs",
  sqrt: "Sqrt",
  reciprocal: "Reciprocal",
  exp: "Exp",
  log: "Log",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  sin: "Sin",
  cos: "Cos",
  erf: "Erf",
  sign: "Sign",
  floor: "Floor",
  ceil: "Ceil",
  round: "Round",
};

const BINARY: Partial<Readonly<Record<BinaryKind, string>>> = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  maximum: "Max",
  minimum: "Min",
  pow: "Pow",
};

const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

/** Adds what computes `node` and binds its first output. Throws UNSUPPORTED. */
export function appendOnnxNode(target: OnnxGraph, node: Node, numbers: Numbers): void {
  const input = (index: number) => operand(target, node, node.inputs[index], numbers);
  target.bind(node.outputs[0], outputOf(target, node, input, numbers));
}

function outputOf(target: OnnxGraph, node: Node, input: (index: number) => string, numbers: Numbers): string {
  switch (node.op) {
    case "conv2d":
      return convolution(target, node, input, numbers);
    case "maxPool2d":
    case "avgPool2d":
      return pooling(target, node, input);
    case "matmul": {
      const { transA, transB } = node.attrs;
      const side = (index: number, swapped: boolean) =>
        swapped
          ? target.node("Transpose", [input(index)], { perm: swapLast(node.inputs[index]) })
          : input(index);
      return target.node("MatMul", [side(0, transA), side(1, transB)]);
    }
    case "unary":
      return unary(target, node, input);
    case "binary": {
      const op = BINARY[node.attrs.kind];
      if (op === undefined) throw notInOnnx(node, `"${node.attrs.kind}"`);
      return target.node(op, [input(0), input(1)]);
    }
    case "affine": {
      const { scale, offset } = node.attrs;
      const scaled =
        scale === 1 ? input(0) : target.node("Mul", [input(0), target.scalar(Math.fround(scale))]);
      return offset === 0 ? scaled : target.node("Add", [scaled, target.scalar(Math.fround(offset))]);
    }
    case "reduceSum":
      return target.node("ReduceSum", [input(0), target.integers(node.attrs.axes)], { keepdims: 1 });
    case "reshape":
      return target.node("Reshape", [input(0), target.integers(freeBatch(node))]);
    case "transpose":
      return target.node("Transpose", [input(0)], { perm: node.attrs.perm });
    case "copy":
      return target.node("Identity", [input(0)]);
    default:
      throw notInOnnx(node);
  }
}

function operand(target: OnnxGraph, node: Node, value: Value, { numbers }: Numbers): string {
  const known = target.nameOf(value);
  if (known !== undefined) return known;
  const data = numbers(value);
  if (data === undefined || value.source === undefined)
    throw notInOnnx(node, "an input that is not an image");
  return target.floats(value.source.name, value.shape, () => data);
}

function convolution(
  target: OnnxGraph,
  node: NodeOf<"conv2d">,
  input: (index: number) => string,
  { numbers }: Numbers,
): string {
  const { strideH, strideW, padH, padW, dilationH, dilationW, groups } = node.attrs;
  const weight = node.inputs[1];
  const [k, r, s, c] = weight.shape;
  const data = numbers(weight);
  if (data === undefined || weight.source === undefined)
    throw notInOnnx(node, "a convolution with a computed weight");
  const first = target.floats(`${weight.source.name} OIHW`, [k, c, r, s], () => toOihw(data, [k, r, s, c]));
  const x = target.node("Transpose", [input(0)], { perm: CHANNELS_FIRST });
  const y = target.node("Conv", [x, first], {
    kernel_shape: [r, s],
    strides: [strideH, strideW],
    pads: [padH, padW, padH, padW],
    dilations: [dilationH, dilationW],
    group: groups,
  });
  return target.node("Transpose", [y], { perm: CHANNELS_LAST });
}

function toOihw(data: Float32Array, [k, r, s, c]: readonly number[]): Float32Array {
  const result = new Float32Array(data.length);
  for (let o = 0; o < k; o++)
    for (let y = 0; y < r; y++)
      for (let x = 0; x < s; x++)
        for (let i = 0; i < c; i++)
          result[((o * c + i) * r + y) * s + x] = data[((o * r + y) * s + x) * c + i];
  return result;
}

function pooling(
  target: OnnxGraph,
  node: NodeOf<"maxPool2d"> | NodeOf<"avgPool2d">,
  input: (index: number) => string,
): string {
  const { kernelH, kernelW, strideH, strideW, padH, padW, dilationH, dilationW, adaptive } = node.attrs;
  if (adaptive) throw notInOnnx(node, "adaptive pooling");
  const [, height, width] = node.inputs[0].shape;
  const floor = (size: number, kernel: number, stride: number, pad: number, dilation: number) =>
    Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
  const [, outHeight, outWidth] = node.outputs[0].shape;
  const ceil =
    outHeight > floor(height, kernelH, strideH, padH, dilationH) ||
    outWidth > floor(width, kernelW, strideW, padW, dilationW);
  const attributes = {
    kernel_shape: [kernelH, kernelW],
    strides: [strideH, strideW],
    pads: [padH, padW, padH, padW],
    ceil_mode: ceil ? 1 : 0,
  };
  const x = target.node("Transpose", [input(0)], { perm: CHANNELS_FIRST });
  let y: string;
  if (node.op === "maxPool2d") {
    y = target.node("MaxPool", [x], { ...attributes, dilations: [dilationH, dilationW] });
  } else {
    if (node.attrs.divisorOverride !== 0 || ceil)
      throw notInOnnx(node, "average pooling with its own divisor");
    y = target.node("AveragePool", [x], {
      ...attributes,
      count_include_pad: node.attrs.countIncludePad ? 1 : 0,
    });
  }
  return target.node("Transpose", [y], { perm: CHANNELS_LAST });
}

function unary(target: OnnxGraph, node: NodeOf<"unary">, input: (index: number) => string): string {
  const { kind } = node.attrs;
  const op = UNARY[kind];
  if (op !== undefined) return target.node(op, [input(0)]);
  if (kind === "square") return target.node("Mul", [input(0), input(0)]);
  if (kind === "rsqrt") return target.node("Reciprocal", [target.node("Sqrt", [input(0)])]);
  throw notInOnnx(node, `"${kind}"`);
}

function swapLast({ shape }: Value): number[] {
  const axes = shape.map((_, axis) => axis);
  return [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
}

/** Zero stands for the input's own size: the batch stays free where it is the first axis of both. */
function freeBatch({ inputs, outputs }: Node): number[] {
  const [before, after] = [inputs[0].shape, outputs[0].shape];
  const keeps = before[0] === TRACED_BATCH && after[0] === TRACED_BATCH;
  return after.map((size, axis) => (axis === 0 && keeps ? 0 : size));
}
