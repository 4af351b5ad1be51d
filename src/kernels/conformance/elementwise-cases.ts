/** Conformance cases of the element-wise operations and of those that only move values. */
import { elementCount } from "../../base/shape.ts";
import { BINARY_KINDS, GRAD_FROM_OUTPUT, UNARY_KINDS, type UnaryAttrs, type UnaryKind } from "../contract.ts";
import { UNARY_FUNCTIONS } from "../reference/unary-functions.ts";
import { bitPatterns, normals, uniforms } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

const COUNT = 1031;

/** Kinds that are defined for positive x only. */
const POSITIVE: ReadonlySet<UnaryKind> = new Set(["sqrt", "rsqrt", "log", "pow"]);

/** Parameters to try, for the kinds that have some. */
const PARAMETERS: { readonly [Kind in UnaryKind]?: readonly Omit<UnaryAttrs, "kind">[] } = {
  softplus: [
    { alpha: 1, beta: 20 },
    { alpha: 2.5, beta: 4 },
  ],
  elu: [{ alpha: 0.7 }],
  leakyRelu: [{ alpha: 0.015625 }, { alpha: -0.1875 }],
  hardtanh: [{ alpha: -1, beta: 1 }],
  clamp: [
    { alpha: -0.5, beta: 2 },
    { alpha: Number.NEGATIVE_INFINITY, beta: 0.25 },
  ],
  pow: [
    { alpha: 2.5 },
    { alpha: 2 },
    { alpha: 3 },
    { alpha: -1 },
    { alpha: 0.5 },
    { alpha: 0 },
    { alpha: 1 },
  ],
};

const attrsOf = (kind: UnaryKind): UnaryAttrs[] =>
  (PARAMETERS[kind] ?? [{}]).map((parameters) => ({ kind, ...parameters }));

const SPECIALS = [
  0,
  -0,
  0.5,
  1.5,
  -2.5,
  -0.5,
  1e-8,
  -1e-8,
  0.49999997,
  Infinity,
  -Infinity,
  Number.NaN,
  2 ** -140,
  -(2 ** -140),
  3e38,
  -3e38,
];

function unaryInput(kind: UnaryKind): OpInput {
  const spread = POSITIVE.has(kind) ? uniforms(COUNT, 11, 1e-3, 40) : uniforms(COUNT, 12, -12, 12);
  const values = Float32Array.from([...spread, ...SPECIALS]);
  return { shape: [values.length], values };
}

export function unaryCases(): AnyOpRun[] {
  return UNARY_KINDS.flatMap(attrsOf).map((attrs) => {
    const x = unaryInput(attrs.kind);
    return { op: "unary", attrs, inputs: [x], outputs: [{ shape: x.shape }] };
  });
}

export function unaryGradCases(): AnyOpRun[] {
  return UNARY_KINDS.flatMap(attrsOf).map((attrs) => {
    const { kind } = attrs;
    const x = POSITIVE.has(kind) ? uniforms(COUNT, 13, 0.1, 40) : normals(COUNT, 14);
    const values = GRAD_FROM_OUTPUT.has(kind) ? x.map((at) => UNARY_FUNCTIONS[kind](at, 0, 0)) : x;
    // NaN in either operand, zero and infinite gradients.
    const z = Float32Array.from([...values, Number.NaN, 0.5, 0.5, 0.5, 0.5]);
    const g = Float32Array.from([...normals(COUNT, 15), 1, 0, Number.NaN, Infinity, -Infinity]);
    const shape = [z.length];
    const inputs = [z, g].map((values) => ({ shape, values }));
    return { op: "unaryGrad", attrs, inputs, outputs: [{ shape }] };
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

/** Two values beside each other and a condition with all that counts as true or false. */
export function whereCases(): AnyOpRun[] {
  return [
    [[1031], [1031], [1031]],
    [[7, 5, 19], [19], []],
    [
      [7, 1, 19],
      [5, 1],
      [7, 5, 19],
    ],
    [[], [3, 4], [4]],
  ].map((shapes, i): AnyOpRun => {
    const condition = Float32Array.from(normals(elementCount(shapes[0]), 24 + i), (x) => (x > 0.3 ? 0 : x));
    condition.set([Number.NaN, -0, 0].slice(0, condition.length));
    const inputs = [{ shape: shapes[0], values: condition }, real(shapes[1], 16), real(shapes[2], 17)];
    return {
      op: "where",
      attrs: {},
      inputs,
      outputs: [{ shape: broadcast(shapes[0], broadcast(shapes[1], shapes[2])) }],
    };
  });
}

/** Constants, copies and conversions. */
export function sourceCases(): AnyOpRun[] {
  const affine = (scale: number, offset: number): AnyOpRun => ({
    op: "affine",
    attrs: { scale, offset },
    inputs: [real([1031], 21)],
    outputs: [{ shape: [1031] }],
  });
  const integers = [0, 1, -7, 2 ** 24 + 1, -(2 ** 24) - 3, 2 ** 31 - 1, -(2 ** 31)];
  const reals = [0.9, -0.9, 1.5, -3e9, 3e9, Infinity, -Infinity, Number.NaN, 2 ** 30];
  const arange = (start: number, step: number, dtype: "f32" | "i32"): AnyOpRun => ({
    op: "arange",
    attrs: { start, step },
    inputs: [],
    outputs: [{ shape: [37, 41], dtype }],
  });
  return [
    affine(0.1, 0.7),
    affine(-3, 0),
    affine(1, 1e-3),
    { op: "fill", attrs: { value: 0.1 }, inputs: [], outputs: [{ shape: [37] }] },
    { op: "copy", attrs: {}, inputs: [real([3, 5, 7], 20)], outputs: [{ shape: [15, 7] }] },
    arange(0, 1, "i32"),
    arange(5, -3, "i32"),
    arange(0.1, 0.3, "f32"),
    {
      op: "cast",
      attrs: {},
      inputs: [{ shape: [integers.length], values: integers, dtype: "i32" }],
      outputs: [{ shape: [integers.length] }],
    },
    {
      op: "cast",
      attrs: {},
      inputs: [{ shape: [reals.length], values: reals }],
      outputs: [{ shape: [reals.length], dtype: "i32" }],
    },
  ];
}

function real(shape: readonly number[], id: number): OpInput {
  const count = elementCount(shape);
  return { shape, values: normals(count, id) };
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => Math.max(a.at(axis - rank) ?? 1, b.at(axis - rank) ?? 1));
}
