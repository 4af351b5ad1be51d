/**
 * Cases of the accumulator profiles: every kernel set must give the bits of the reference. Operands of many magnitudes, with
 * cancellation, ties, subnormals, and NaN and Inf in some rows.
 */
import { elementCount } from "../../base/shape.ts";
import { floatFormat } from "../../formats/catalog.ts";
import type { FloatFormat } from "../../formats/format.ts";
import { roundToFormat } from "../../formats/round.ts";
import type { Accumulator, ConvAttrs } from "../contract.ts";
import { stream } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

function rounded(name: string, chunk = 0, fields: Partial<FloatFormat> = {}): Accumulator {
  return { kind: "rounded", format: { ...floatFormat(name), ...fields }, chunk };
}

/** Each way in which native lanes round: converted, cut, added, FP32's own, FP64; with and without chunks. */
export const ACCUMULATORS: readonly Accumulator[] = [
  { kind: "fp64" },
  rounded("fp16"),
  rounded("fp16", 64),
  rounded("bf16", 5),
  rounded("tf32"),
  rounded("fp32"),
  rounded("fp32", 32),
  rounded("e6m9", 64),
  rounded("e5m2"),
  rounded("e4m3", 3),
  rounded("e8m21"),
  rounded("e8m22"),
  rounded("e5m2fnuz", 16),
  rounded("fp16", 7, { hasSubnormals: false }),
];

const PAIR_ACCUMULATORS = [{ kind: "amxBf16" }, { kind: "vdpbf16" }] as const;

/** [M, N, K]: multiples of nothing, and more than one block, slice and tile. */
const SIZES = [
  [1, 1, 1],
  [3, 5, 8],
  [7, 18, 31],
  [70, 67, 33],
  [5, 35, 301],
] as const;

/**
 * Values of `precision` significand bits around 2^`middle`, up to 2^±spread, and a few zeros; every hundredth one has
 * neighbours that cancel it.
 */
export function manyMagnitudes(
  count: number,
  id: number,
  precision: number,
  middle = 0,
  spread = 6,
): Float32Array {
  const random = stream(id);
  const exact: FloatFormat = { ...floatFormat("fp32"), precision };
  const values = Float32Array.from({ length: count }, () => {
    const exponent = middle + random.below(2 * spread + 1) - spread;
    const value = (1 + random.uniform()) * 2 ** exponent * (random.below(2) === 0 ? 1 : -1);
    return random.below(40) === 0 ? 0 * value : roundToFormat(value, exact, "nearestEven", "saturate");
  });
  for (let i = 1; i < count; i += 97) values[i] = -values[i - 1];
  return values;
}

/** NaN, ±Inf, the largest and the smallest numbers in the first rows. */
function withSpecials(values: Float32Array, row: number): Float32Array {
  const specials = [Number.NaN, Infinity, -Infinity, 2 ** 127, -(2 ** 126), 2 ** -149, -(2 ** -133), -0];
  for (const [i, special] of specials.entries()) {
    const place = i * (row + 1) + (i % Math.max(1, row));
    if (place < values.length) values[place] = special;
  }
  return values;
}

function matmulRun(
  [rows, columns, inner]: readonly [number, number, number],
  accumulator: Accumulator,
  operands: (shape: readonly number[], id: number) => OpInput,
  [transA, transB] = [false, false],
): AnyOpRun {
  const pairs = accumulator.kind === "amxBf16" || accumulator.kind === "vdpbf16";
  return {
    op: "matmul",
    attrs: { transA, transB, carrier: pairs ? "bf16" : "f32", accumulator },
    inputs: [
      operands(transA ? [inner, rows] : [rows, inner], 1),
      operands(transB ? [columns, inner] : [inner, columns], 2),
    ],
    outputs: [{ shape: [rows, columns] }],
  };
}

/** Operands with full FP32 significands, and few bits so that ties are common. */
const OPERANDS = [24, 4].map((precision) => (shape: readonly number[], id: number): OpInput => {
  const values = manyMagnitudes(elementCount(shape), 300 + id, precision);
  return { shape, values: withSpecials(values, shape[1]) };
});

/** BF16 operands; around 2^−65 products and sums are subnormal. */
const PAIR_OPERANDS = [0, -65].flatMap((middle) =>
  (["f32", "bf16"] as const).map((dtype) => (shape: readonly number[], id: number): OpInput => {
    const values = manyMagnitudes(elementCount(shape), 310 + id, 8, middle);
    return { shape, values: middle === 0 ? withSpecials(values, shape[1]) : values, dtype };
  }),
);

const SAME = { strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 };
const GEOMETRIES = [
  { x: [2, 7, 6, 5], w: [9, 3, 3, 5], y: [2, 7, 6, 9], sizes: SAME },
  {
    x: [1, 9, 8, 6],
    w: [4, 2, 3, 3],
    y: [1, 5, 6, 4],
    sizes: { ...SAME, strideH: 2, padW: 2, dilationH: 2, dilationW: 3, groups: 2 },
  },
];

/** Integers of 16 bits, most of them large, so that chains of more than two products overflow now and then. */
function integers(count: number, id: number): Int16Array {
  const random = stream(id);
  return Int16Array.from({ length: count }, () => random.below(65535) - 32767);
}

const CHAINS = [1, 2, 7, 64, 1000];
/** Shared exponents: ordinary, at the edge of FP32 on either side, and the mark of a tensor that held a NaN. */
const EXPONENTS = [
  [-20, -14],
  [-100, -70],
  [100, 20],
  [1 << 30, 3],
] as const;

const exponentInput = (value: number): OpInput => ({
  shape: [1],
  values: Int32Array.of(value),
  dtype: "i32",
});

/** Integer chains that wrap, in matrix products and convolutions. */
export function int32ChainCases(): AnyOpRun[] {
  const operand = (shape: readonly number[], id: number): OpInput => ({
    shape,
    values: integers(elementCount(shape), id),
    dtype: "i16",
  });
  const matmuls = SIZES.flatMap(([rows, columns, inner], i) =>
    CHAINS.map((chunk, j): AnyOpRun => {
      const [ea, eb] = EXPONENTS[(i + j) % EXPONENTS.length];
      return {
        op: "matmul",
        attrs: { transA: false, transB: false, carrier: "i16", accumulator: { kind: "int32Chain", chunk } },
        inputs: [
          operand([rows, inner], 360),
          operand([inner, columns], 361),
          exponentInput(ea),
          exponentInput(eb),
        ],
        outputs: [{ shape: [rows, columns] }],
      };
    }),
  );
  const exponents = EXPONENTS[0].map(exponentInput);
  const convolutions = GEOMETRIES.flatMap(({ x, w, y, sizes }) => {
    const attrs: ConvAttrs = { ...sizes, carrier: "i16", accumulator: { kind: "int32Chain", chunk: 5 } };
    const [image, filters, errors] = [operand(x, 370), operand(w, 371), operand(y, 372)];
    return [
      { op: "conv2d", attrs, inputs: [image, filters, ...exponents], outputs: [{ shape: y }] },
      { op: "conv2dGradInput", attrs, inputs: [errors, filters, ...exponents], outputs: [{ shape: x }] },
      { op: "conv2dGradWeight", attrs, inputs: [errors, image, ...exponents], outputs: [{ shape: w }] },
    ] satisfies AnyOpRun[];
  });
  return [...matmuls, ...convolutions];
}

export function accumulatedMatmulCases(): AnyOpRun[] {
  const plain = SIZES.flatMap((sizes) =>
    ACCUMULATORS.flatMap((accumulator) =>
      OPERANDS.map((operands) => matmulRun(sizes, accumulator, operands)),
    ),
  );
  const pairs = SIZES.flatMap((sizes) =>
    PAIR_ACCUMULATORS.flatMap((accumulator) =>
      PAIR_OPERANDS.map((operands) => matmulRun(sizes, accumulator, operands)),
    ),
  );
  const transposed = (
    [
      [true, false],
      [false, true],
      [true, true],
    ] as [boolean, boolean][]
  ).flatMap((flags) =>
    [rounded("fp16", 64), PAIR_ACCUMULATORS[0]].map((accumulator) =>
      matmulRun([9, 34, 41], accumulator, PAIR_OPERANDS[1], flags),
    ),
  );
  return [...plain, ...pairs, ...transposed, batched()];
}

function batched(): AnyOpRun {
  const operand = (shape: readonly number[], id: number) => ({
    shape,
    values: manyMagnitudes(elementCount(shape), id, 11),
  });
  return {
    op: "matmul",
    attrs: { transA: false, transB: true, carrier: "f32", accumulator: rounded("fp16", 4) },
    inputs: [operand([2, 3, 5, 9], 320), operand([7, 9], 321)],
    outputs: [{ shape: [2, 3, 5, 7] }],
  };
}

/** All three directions: padding, strides, dilation, groups, channels that are multiples of nothing. */
export function accumulatedConvolutionCases(): AnyOpRun[] {
  return [rounded("fp16", 8), rounded("bf16"), { kind: "fp64" } as const].flatMap((accumulator) =>
    GEOMETRIES.flatMap(({ x, w, y, sizes }) => {
      const attrs: ConvAttrs = { ...sizes, carrier: "f32", accumulator };
      const operand = (shape: readonly number[], id: number): OpInput => ({
        shape,
        values: manyMagnitudes(elementCount(shape), id, 8),
        dtype: "bf16",
      });
      const [image, filters, errors] = [operand(x, 330), operand(w, 331), operand(y, 332)];
      return [
        { op: "conv2d", attrs, inputs: [image, filters], outputs: [{ shape: y }] },
        { op: "conv2dGradInput", attrs, inputs: [errors, filters], outputs: [{ shape: x }] },
        { op: "conv2dGradWeight", attrs, inputs: [errors, image], outputs: [{ shape: w }] },
      ] satisfies AnyOpRun[];
    }),
  );
}
