/** Conformance cases of the matrix product and the convolutions: shapes that are multiples of nothing, every carrier. */
import { elementCount } from "../../base/shape.ts";
import type { Carrier, ConvAttrs, DType } from "../contract.ts";
import { bf16Normals, integers, normals } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

export const CARRIERS = ["f32", "bf16", "i16"] as const satisfies readonly Carrier[];

/** [M, N, K], from one element to more than one block in every direction. */
const MATRIX_SIZES = [
  [1, 1, 1],
  [3, 5, 7],
  [17, 33, 65],
  [2, 70, 300],
  [67, 19, 129],
] as const;

/** A random operand of the kind that the carrier wants. i16: full-range integers. */
export function carrierInput(carrier: Carrier, shape: readonly number[], id: number): OpInput {
  const count = elementCount(shape);
  if (carrier === "i16") return { shape, values: integers(count, id, 32767), dtype: "i16" };
  if (carrier === "bf16") return { shape, values: bf16Normals(count, id), dtype: "bf16" };
  return { shape, values: normals(count, id) };
}

/** The shared exponents that an i16 product needs after its operands; none for the others. */
export function carrierExponents(carrier: Carrier): OpInput[] {
  if (carrier !== "i16") return [];
  return [-17, 4].map((exponent) => ({ shape: [1], values: [exponent], dtype: "i32" satisfies DType }));
}

function matmulRun(
  carrier: Carrier,
  [rows, columns, inner]: readonly [number, number, number],
  [batchA, batchB]: readonly [readonly number[], readonly number[]],
  [transA, transB]: readonly [boolean, boolean],
): AnyOpRun {
  const a = [...batchA, ...(transA ? [inner, rows] : [rows, inner])];
  const b = [...batchB, ...(transB ? [columns, inner] : [inner, columns])];
  const batch = batchA.length > 0 ? batchA : batchB;
  return {
    op: "matmul",
    attrs: { transA, transB, carrier },
    inputs: [carrierInput(carrier, a, 1), carrierInput(carrier, b, 2), ...carrierExponents(carrier)],
    outputs: [{ shape: [...batch, rows, columns] }],
  };
}

export function matmulCases(): AnyOpRun[] {
  const transposes = [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const;
  const plain = CARRIERS.flatMap((carrier) =>
    MATRIX_SIZES.flatMap((sizes) => transposes.map((flags) => matmulRun(carrier, sizes, [[], []], flags))),
  );
  const batches = [
    [[3], [3]],
    [[2, 3], []],
    [[], [4]],
  ] as const;
  const batched = CARRIERS.flatMap((carrier) =>
    batches.map((batch) => matmulRun(carrier, [5, 9, 13], batch, [false, true])),
  );
  return [...plain, ...batched, ...mixedStorageCases()];
}

/** The carrier is about values, not about storage: BF16 values held as f32, and FP32 products of bf16 operands. */
function mixedStorageCases(): AnyOpRun[] {
  const narrow = carrierInput("bf16", [17, 35], 6);
  const other = carrierInput("bf16", [35, 29], 7);
  const wide = { ...other, dtype: "f32" } as const;
  return (["f32", "bf16"] as const).flatMap((carrier) =>
    [
      [narrow, wide],
      [{ ...narrow, dtype: "f32" } as const, other],
      [{ ...narrow, dtype: "f32" } as const, wide],
    ].map((inputs) => ({
      op: "matmul",
      attrs: { transA: false, transB: false, carrier },
      inputs,
      outputs: [{ shape: [17, 29] }],
    })),
  );
}

type ConvGeometry = Omit<ConvAttrs, "carrier"> & {
  /** [N, H, W, C]. */
  readonly x: readonly [number, number, number, number];
  /** [K, R, S]. */
  readonly kernel: readonly [number, number, number];
};

function geometry(
  x: ConvGeometry["x"],
  kernel: ConvGeometry["kernel"],
  stride: number,
  pad: number,
  dilation = 1,
  groups = 1,
): ConvGeometry {
  const attrs = { strideH: stride, strideW: stride, padH: pad, padW: pad, groups };
  return { x, kernel, ...attrs, dilationH: dilation, dilationW: dilation };
}

/** The layers of small image networks, and what breaks blocking: odd channels, groups, dilation, uneven strides. */
const GEOMETRIES: readonly ConvGeometry[] = [
  geometry([1, 1, 1, 1], [1, 1, 1], 1, 0),
  geometry([2, 9, 7, 3], [16, 3, 3], 1, 1),
  geometry([3, 8, 8, 16], [16, 3, 3], 1, 1),
  geometry([2, 9, 9, 16], [32, 3, 3], 2, 1),
  geometry([2, 8, 8, 16], [33, 1, 1], 2, 0),
  geometry([1, 12, 11, 1], [6, 5, 5], 1, 2),
  geometry([1, 13, 13, 3], [9, 7, 7], 2, 3),
  geometry([2, 7, 6, 10], [15, 3, 3], 1, 1, 1, 5),
  geometry([2, 7, 6, 12], [12, 3, 3], 1, 1, 1, 12),
  // Depthwise: whole vectors of channels and not, strides, dilation, uneven kernels, padding beyond the kernel.
  geometry([2, 9, 8, 32], [32, 3, 3], 1, 1, 1, 32),
  geometry([1, 12, 11, 67], [67, 5, 5], 2, 2, 1, 67),
  { ...geometry([2, 10, 7, 3], [3, 2, 4], 2, 3, 1, 3), strideW: 1, padW: 4, dilationH: 3 },
  { ...geometry([1, 3, 2, 20], [20, 3, 3], 3, 2, 2, 20), dilationW: 1 },
  geometry([1, 11, 10, 5], [7, 3, 3], 1, 2, 2),
  geometry([1, 11, 10, 5], [7, 3, 2], 3, 1, 2),
  { ...geometry([2, 7, 10, 6], [5, 2, 3], 1, 1), strideW: 2, padH: 0, dilationH: 2 },
  geometry([1, 5, 5, 70], [40, 3, 3], 1, 1),
];

/** Forward, input gradient and weight gradient of every geometry and carrier. */
export function convolutionCases(): AnyOpRun[] {
  return CARRIERS.flatMap((carrier) => GEOMETRIES.flatMap((geometry) => convolutionRuns(geometry, carrier)));
}

function convolutionRuns({ x, kernel, ...sizes }: ConvGeometry, carrier: Carrier): AnyOpRun[] {
  const [batch, height, width, channels] = x;
  const [outChannels, kernelRows, kernelColumns] = kernel;
  const attrs: ConvAttrs = { ...sizes, carrier };
  const outHeight = outSize(height, kernelRows, attrs.strideH, attrs.padH, attrs.dilationH);
  const outWidth = outSize(width, kernelColumns, attrs.strideW, attrs.padW, attrs.dilationW);
  const w_KRSC = [outChannels, kernelRows, kernelColumns, channels / attrs.groups];
  const y_NHWK = [batch, outHeight, outWidth, outChannels];
  const inputX = carrierInput(carrier, x, 3);
  const inputW = carrierInput(carrier, w_KRSC, 4);
  const inputGy = carrierInput(carrier, y_NHWK, 5);
  const exponents = carrierExponents(carrier);
  return [
    { op: "conv2d", attrs, inputs: [inputX, inputW, ...exponents], outputs: [{ shape: y_NHWK }] },
    { op: "conv2dGradInput", attrs, inputs: [inputGy, inputW, ...exponents], outputs: [{ shape: x }] },
    { op: "conv2dGradWeight", attrs, inputs: [inputGy, inputX, ...exponents], outputs: [{ shape: w_KRSC }] },
  ];
}

function outSize(size: number, kernel: number, stride: number, pad: number, dilation: number): number {
  return Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
}
