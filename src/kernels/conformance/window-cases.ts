/** Conformance cases of sums over axes, pooling and quantisation to dynamic fixed point. */
import { ROUNDINGS } from "../../formats/format.ts";
import type { PoolAttrs } from "../contract.ts";
import { elementsOf } from "../reference/tensor.ts";
import { integers, normals } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

export function reductionCases(): AnyOpRun[] {
  const cases: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[1031], [0]],
    [
      [7, 5, 19],
      [0, 1],
    ],
    [[7, 5, 19], [2]],
    [[7, 5, 19], [1]],
    [
      [3, 6, 7, 11],
      [1, 2],
    ],
    [
      [3, 4, 5, 6],
      [0, 2],
    ],
    [
      [3, 4, 5],
      [0, 1, 2],
    ],
    [[900, 3], [0]],
    [[4, 5], []],
    [[1], [0]],
    // Long enough for several blocks and several threads.
    [[70_001], [0]],
    [[170, 300], [0]],
    [[170, 300], [1]],
  ];
  return cases.flatMap(([shape, axes], i) => {
    const x = real(shape, 30 + i);
    const spoiled = Float32Array.from(x.values);
    spoiled.set([Number.NaN, Infinity].slice(0, spoiled.length), Math.floor(spoiled.length / 3));
    const outputs = [{ shape: shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) }];
    return [x, { shape, values: spoiled }].map((input) => ({
      op: "reduceSum",
      attrs: { axes },
      inputs: [input],
      outputs,
    }));
  });
}

/** [x NHWC, attributes]: touching windows, overlap, padding, steps over the edge, uneven, whole image. */
const POOLS: readonly (readonly [readonly [number, number, number, number], PoolAttrs])[] = [
  [[2, 8, 6, 5], pool(2, 2, 0)],
  [[2, 9, 7, 3], pool(3, 2, 1)],
  [[1, 7, 7, 17], pool(3, 1, 1)],
  [[1, 7, 8, 2], pool(2, 3, 0)],
  [[3, 6, 5, 4], { ...pool(2, 1, 0), kernelW: 3, strideW: 2, padW: 1 }],
  [[2, 5, 5, 33], pool(5, 5, 0)],
];

export function poolingCases(): AnyOpRun[] {
  return POOLS.flatMap(([x, attrs]): AnyOpRun[] => {
    const [batch, height, width, channels] = x;
    const y = [batch, outSize(height, attrs, "H"), outSize(width, attrs, "W"), channels];
    // Few distinct values, so that windows have several equal maxima.
    const coarse: OpInput = { shape: x, values: integers(elementsOf(x), 40, 2) };
    const spoiled = Float32Array.from(coarse.values, (value, i) => (i % 11 === 3 ? Number.NaN : value));
    const forward = { op: "maxPool2d", attrs, outputs: [{ shape: y }, { shape: y, dtype: "i32" }] } as const;
    return [
      { ...forward, inputs: [coarse] },
      { ...forward, inputs: [{ shape: x, values: spoiled }] },
      {
        op: "maxPool2dGrad",
        attrs,
        inputs: [real(y, 41), firstPositions(y, attrs, x)],
        outputs: [{ shape: x }],
      },
      { op: "avgPool2d", attrs, inputs: [real(x, 42)], outputs: [{ shape: y }] },
      { op: "avgPool2dGrad", attrs, inputs: [real(y, 43)], outputs: [{ shape: x }] },
    ];
  });
}

export function quantizeCases(): AnyOpRun[] {
  const inputs: readonly ArrayLike<number>[] = [
    normals(1031, 44),
    [0, 0, -0],
    [1, -1, 0.5, 2 ** -15, 2 ** -16],
    [2 - 2 ** -20, -2 + 2 ** -23, 1e-9],
    [2 ** -149, 2 ** -140, -(2 ** -145)],
    [3.4e38, -1, 1e-30],
    [1, Number.NaN, 2],
    [1, Number.NEGATIVE_INFINITY, 2],
  ];
  return inputs.flatMap((values): AnyOpRun[] => {
    const shape = [values.length];
    const exponent = { shape: [1], dtype: "i32" } as const;
    return ROUNDINGS.flatMap((rounding, i) => {
      // Narrower integers too, with every other mode.
      const attrs = { bits: i % 2 === 0 ? 16 : 8, rounding, tensorId: 9 };
      return (["i16", "f32"] as const).map((dtype) => ({
        op: "quantizeDynamicFixed",
        attrs,
        inputs: [{ shape, values }],
        outputs: [{ shape, dtype }, exponent],
        clock: [5, 6, 7],
      }));
    });
  });
}

function pool(kernel: number, stride: number, pad: number): PoolAttrs {
  return { kernelH: kernel, kernelW: kernel, strideH: stride, strideW: stride, padH: pad, padW: pad };
}

function outSize(size: number, attrs: PoolAttrs, axis: "H" | "W"): number {
  return Math.floor((size + 2 * attrs[`pad${axis}`] - attrs[`kernel${axis}`]) / attrs[`stride${axis}`]) + 1;
}

/** For every output the first position of its window that lies in the image: an index a forward pass could give. */
function firstPositions(y: readonly number[], attrs: PoolAttrs, x: readonly number[]): OpInput {
  const values = Int32Array.from({ length: elementsOf(y) }, (_, i) => {
    const pixel = Math.floor(i / y[3]);
    const row = Math.max(0, (Math.floor(pixel / y[2]) % y[1]) * attrs.strideH - attrs.padH);
    const column = Math.max(0, (pixel % y[2]) * attrs.strideW - attrs.padW);
    return row * x[2] + column;
  });
  return { shape: y, values, dtype: "i32" };
}

function real(shape: readonly number[], id: number): OpInput {
  return { shape, values: normals(elementsOf(shape), id) };
}
