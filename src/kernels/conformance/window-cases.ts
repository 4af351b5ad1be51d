/** Conformance cases of pooling and quantisation to dynamic fixed point. */
import { elementCount } from "../../base/shape.ts";
import { ROUNDINGS } from "../../formats/format.ts";
import type { PoolAttrs } from "../contract.ts";
import { integers, normals } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

interface Pooling {
  readonly x: readonly [number, number, number, number];
  readonly attrs: PoolAttrs;
  /** [OH, OW] where it is not what `outSize` gives: ceil mode, adaptive. */
  readonly to?: readonly [number, number];
}

/** Touching windows, overlap, padding, steps over the edge, uneven, whole image; ceil mode, dilation, adaptive sizes. */
const POOLS: readonly Pooling[] = [
  { x: [2, 8, 6, 5], attrs: pool(2, 2, 0) },
  { x: [2, 9, 7, 3], attrs: pool(3, 2, 1) },
  { x: [1, 7, 7, 17], attrs: pool(3, 1, 1) },
  { x: [1, 7, 8, 2], attrs: pool(2, 3, 0) },
  { x: [3, 6, 5, 4], attrs: { ...pool(2, 1, 0), kernelW: 3, strideW: 2, padW: 1 } },
  { x: [2, 5, 5, 33], attrs: pool(5, 5, 0) },
  { x: [2, 3, 4, 1050], attrs: pool(2, 1, 1) },
  { x: [2, 8, 7, 5], attrs: pool(3, 2, 0), to: [4, 3] },
  { x: [2, 6, 8, 3], attrs: pool(3, 2, 1), to: [4, 5] },
  { x: [2, 11, 9, 4], attrs: { ...pool(3, 2, 2), dilationH: 2, dilationW: 3 } },
  { x: [1, 10, 9, 4], attrs: { ...pool(2, 3, 0), dilationH: 4, dilationW: 1 } },
  ...(
    [
      [1, 1],
      [3, 2],
      [5, 7],
      [10, 9],
      [7, 5],
    ] as const
  ).map((to): Pooling => ({ x: [2, 7, 5, 6], attrs: { ...pool(1, 1, 0), adaptive: true }, to })),
];

export function poolingCases(): AnyOpRun[] {
  return POOLS.flatMap(({ x, attrs, to }): AnyOpRun[] => {
    const [batch, height, width, channels] = x;
    const size = to ?? [outSize(height, attrs, "H"), outSize(width, attrs, "W")];
    const y = [batch, ...size, channels];
    // Few distinct values, so that windows have several equal maxima.
    const coarse: OpInput = { shape: x, values: integers(elementCount(x), 40, 2) };
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
      ...averages(x, y, attrs),
    ];
  });
}

/** Averages have no dilation; padding counts or does not, or the divisor is given. */
function averages(x: readonly number[], y: readonly number[], attrs: PoolAttrs): AnyOpRun[] {
  if (attrs.dilationH > 1) return [];
  const divisors = [
    { countIncludePad: true, divisorOverride: 0 },
    { countIncludePad: false, divisorOverride: 0 },
    { countIncludePad: true, divisorOverride: 7 },
  ];
  return divisors.flatMap((divisor): AnyOpRun[] => [
    { op: "avgPool2d", attrs: { ...attrs, ...divisor }, inputs: [real(x, 42)], outputs: [{ shape: y }] },
    { op: "avgPool2dGrad", attrs: { ...attrs, ...divisor }, inputs: [real(y, 43)], outputs: [{ shape: x }] },
  ]);
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
  const steps = { strideH: stride, strideW: stride, padH: pad, padW: pad, dilationH: 1, dilationW: 1 };
  return { kernelH: kernel, kernelW: kernel, ...steps, adaptive: false };
}

function outSize(size: number, attrs: PoolAttrs, axis: "H" | "W"): number {
  const extent = attrs[`dilation${axis}`] * (attrs[`kernel${axis}`] - 1) + 1;
  return Math.floor((size + 2 * attrs[`pad${axis}`] - extent) / attrs[`stride${axis}`]) + 1;
}

/** For every output the first position of its window that lies in the image: an index a forward pass could give. */
function firstPositions(y: readonly number[], attrs: PoolAttrs, x: readonly number[]): OpInput {
  const first = (o: number, axis: "H" | "W", size: number, windows: number) => {
    if (attrs.adaptive) return Math.floor((o * size) / windows);
    const start = o * attrs[`stride${axis}`] - attrs[`pad${axis}`];
    const dilation = attrs[`dilation${axis}`];
    return start >= 0 ? start : start + Math.ceil(-start / dilation) * dilation;
  };
  const values = Int32Array.from({ length: elementCount(y) }, (_, i) => {
    const pixel = Math.floor(i / y[3]);
    const row = first(Math.floor(pixel / y[2]) % y[1], "H", x[1], y[1]);
    return row * x[2] + first(pixel % y[2], "W", x[2], y[2]);
  });
  return { shape: y, values, dtype: "i32" };
}

function real(shape: readonly number[], id: number): OpInput {
  return { shape, values: normals(elementCount(shape), id) };
}
