/** Conformance cases of sums, extremes, norms, softmax and running sums along axes. */
import { elementCount } from "../../base/shape.ts";
import { REDUCE_KINDS } from "../contract.ts";
import { normals } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

type Shape = readonly number[];

/** [shape, axes]: all, first, middle, last, several that do not touch, none, and long enough for several threads. */
const REDUCTIONS: readonly (readonly [Shape, Shape])[] = [
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
  [[70_001], [0]],
  [[170, 300], [0]],
  [[170, 300], [1]],
];

export function reductionCases(): AnyOpRun[] {
  return REDUCTIONS.flatMap(([shape, axes], i) => {
    const x = real(shape, 30 + i);
    const y = kept(shape, axes);
    return [x, spoiled(x)].map(
      (input): AnyOpRun => ({ op: "reduceSum", attrs: { axes }, inputs: [input], outputs: [{ shape: y }] }),
    );
  });
}

export function reduceCases(): AnyOpRun[] {
  return REDUCTIONS.flatMap(([shape, axes], i) =>
    REDUCE_KINDS.flatMap((kind): AnyOpRun[] => {
      const x = real(shape, 260 + i);
      const attrs = { kind, axes, correction: kind === "variance" && i % 2 === 0 ? 1 : 0 };
      // Products of a thousand numbers leave the range of FP32; numbers near 1 do not.
      const tame = { shape, values: x.values.map((value) => 1 + value / 64) };
      const y = kept(shape, axes);
      const input = kind === "prod" ? tame : x;
      const reduce = (from: OpInput): AnyOpRun => ({
        op: "reduce",
        attrs,
        inputs: [from],
        outputs: [{ shape: y }],
      });
      const grad = (from: OpInput): AnyOpRun => {
        return { op: "reduceGrad", attrs, inputs: [real(y, 280 + i), from], outputs: [{ shape }] };
      };
      return [reduce(input), reduce(spoiled(x)), grad(input), grad(coarse(x))];
    }),
  );
}

export function softmaxCases(): AnyOpRun[] {
  const cases: readonly (readonly [Shape, number])[] = [
    [[19], 0],
    [[7, 33], 1],
    [[7, 33], 0],
    [[3, 5, 70], 1],
    [[2, 3, 4, 5], 2],
    [[3, 5000], 1],
    [[600, 48], 1],
    [[4, 1], 1],
  ];
  return cases.flatMap(([shape, axis], i) =>
    [false, true].flatMap((log): AnyOpRun[] => {
      const attrs = { axis, log };
      const x = real(shape, 300 + i);
      const wide = { shape, values: x.values.map((value) => value * 12) };
      const masked = {
        shape,
        values: x.values.map((value, k) => (k % 5 === 1 ? Number.NEGATIVE_INFINITY : value)),
      };
      const y = {
        shape,
        values: x.values.map((value) => (log ? -Math.abs(value) * 3 : Math.abs(value) / 8)),
      };
      return [
        ...[x, wide, masked, spoiled(x)].map(
          (input): AnyOpRun => ({ op: "softmax", attrs, inputs: [input], outputs: [{ shape }] }),
        ),
        { op: "softmaxGrad", attrs, inputs: [y, real(shape, 320 + i)], outputs: [{ shape }] },
      ];
    }),
  );
}

export function cumsumCases(): AnyOpRun[] {
  const cases: readonly (readonly [Shape, number])[] = [
    [[1031], 0],
    [[7, 33], 1],
    [[33, 7], 0],
    [[3, 50, 40], 1],
  ];
  return cases.flatMap(([shape, axis], i) =>
    [false, true].map((reverse): AnyOpRun => {
      return { op: "cumsum", attrs: { axis, reverse }, inputs: [real(shape, 340 + i)], outputs: [{ shape }] };
    }),
  );
}

const kept = (shape: Shape, axes: Shape): Shape =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

function real(shape: Shape, id: number): OpInput & { readonly values: Float32Array } {
  return { shape, values: normals(elementCount(shape), id) };
}

/** With a NaN and an infinity in it. */
function spoiled({ shape, values }: OpInput): OpInput {
  const changed = Float32Array.from(values);
  changed.set([Number.NaN, Infinity].slice(0, changed.length), Math.floor(changed.length / 3));
  return { shape, values: changed };
}

/** Few distinct values, zero among them: equal extremes, products with one and with two zeros. */
function coarse({ shape, values }: OpInput): OpInput {
  return { shape, values: Float32Array.from(values, (x) => Math.round(x)) };
}
