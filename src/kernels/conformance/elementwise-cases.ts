/** Conformance cases of the element-wise operations and of those that only move values. */
import { BINARY_KINDS, GRAD_FROM_OUTPUT, UNARY_KINDS, type UnaryKind } from "../contract.ts";
import { UNARY_FUNCTIONS } from "../reference/elementwise.ts";
import { elementsOf } from "../reference/tensor.ts";
import { bitPatterns, normals, uniforms } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

const COUNT = 1031;

/** Kinds that are defined for positive x only. */
const POSITIVE: ReadonlySet<UnaryKind> = new Set(["sqrt", "rsqrt", "log"]);

const SPECIALS = [0, -0, Infinity, -Infinity, Number.NaN, 2 ** -140, -(2 ** -140), 3e38, -3e38];

function unaryInput(kind: UnaryKind): OpInput {
  const spread = POSITIVE.has(kind) ? uniforms(COUNT, 11, 1e-3, 40) : uniforms(COUNT, 12, -12, 12);
  const values = Float32Array.from([...spread, ...SPECIALS]);
  return { shape: [values.length], values };
}

export function unaryCases(): AnyOpRun[] {
  return UNARY_KINDS.map((kind) => {
    const x = unaryInput(kind);
    return { op: "unary", attrs: { kind }, inputs: [x], outputs: [{ shape: x.shape }] };
  });
}

export function unaryGradCases(): AnyOpRun[] {
  return UNARY_KINDS.map((kind) => {
    const x = POSITIVE.has(kind) ? uniforms(COUNT, 13, 0.1, 40) : normals(COUNT, 14);
    const values = GRAD_FROM_OUTPUT.has(kind) ? x.map(UNARY_FUNCTIONS[kind]) : x;
    // NaN in either operand, zero and infinite gradients.
    const z = Float32Array.from([...values, Number.NaN, 0.5, 0.5, 0.5, 0.5]);
    const g = Float32Array.from([...normals(COUNT, 15), 1, 0, Number.NaN, Infinity, -Infinity]);
    const shape = [z.length];
    const inputs = [z, g].map((values) => ({ shape, values }));
    return { op: "unaryGrad", attrs: { kind }, inputs, outputs: [{ shape }] };
  });
}

/** [shape of a, shape of b]: equal, bias, scalar, column, both broadcast, missing axes, one element, rank 0. */
const BROADCASTS = [
  [[1031], [1031]],
  [
    [5, 3, 17],
    [5, 3, 17],
  ],
  [[7, 5, 19], [19]],
  [[19], [7, 5, 19]],
  [[7, 5, 19], []],
  [[], [3, 11]],
  [
    [7, 1, 19],
    [7, 5, 1],
  ],
  [
    [6, 13],
    [6, 1],
  ],
  [
    [2, 1, 3, 1, 5],
    [4, 1, 7, 5],
  ],
  [[], []],
] as const;

export function binaryCases(): AnyOpRun[] {
  return BINARY_KINDS.flatMap((kind) =>
    BROADCASTS.map(([a, b]): AnyOpRun => {
      const inputs = [real(a, 16), real(b, 17)];
      return { op: "binary", attrs: { kind }, inputs, outputs: [{ shape: broadcast(a, b) }] };
    }),
  );
}

/** Values with any bits: subnormal results, overflow, NaN and Inf in either operand. */
export function binaryExtremeCases(): AnyOpRun[] {
  const shape = [4001];
  return BINARY_KINDS.map((kind) => ({
    op: "binary",
    attrs: { kind },
    inputs: [
      { shape, values: bitPatterns(4001, 18) },
      { shape, values: bitPatterns(4001, 19) },
    ],
    outputs: [{ shape }],
  }));
}

export function movementCases(): AnyOpRun[] {
  const x = real([3, 5, 7], 20);
  const affine = (scale: number, offset: number): AnyOpRun => ({
    op: "affine",
    attrs: { scale, offset },
    inputs: [real([1031], 21)],
    outputs: [{ shape: [1031] }],
  });
  const broadcastTo = (from: readonly number[], shape: readonly number[]): AnyOpRun => {
    return { op: "broadcastTo", attrs: {}, inputs: [real(from, 22)], outputs: [{ shape }] };
  };
  const transpose = (from: readonly number[], perm: readonly number[]): AnyOpRun => ({
    op: "transpose",
    attrs: { perm },
    inputs: [real(from, 23)],
    outputs: [{ shape: perm.map((axis) => from[axis]) }],
  });
  return [
    affine(0.1, 0.7),
    affine(-3, 0),
    affine(1, 1e-3),
    { op: "fill", attrs: { value: 0.1 }, inputs: [], outputs: [{ shape: [37] }] },
    { op: "copy", attrs: {}, inputs: [x], outputs: [{ shape: [15, 7] }] },
    broadcastTo([7], [3, 5, 7]),
    broadcastTo([3, 1, 7], [3, 5, 7]),
    broadcastTo([3, 1, 1], [3, 5, 7]),
    broadcastTo([], [3, 5]),
    transpose([13, 37], [1, 0]),
    transpose([3, 5, 7], [2, 0, 1]),
    transpose([3, 5, 7], [0, 2, 1]),
    transpose([2, 3, 4, 5], [3, 1, 2, 0]),
    transpose([2, 9, 11, 6], [0, 3, 1, 2]),
  ];
}

function real(shape: readonly number[], id: number): OpInput {
  const count = elementsOf(shape);
  return { shape, values: normals(count, id) };
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => Math.max(a.at(axis - rank) ?? 1, b.at(axis - rank) ?? 1));
}
