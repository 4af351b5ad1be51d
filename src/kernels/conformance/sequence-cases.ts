/** Conformance cases of networks that read sequences: embedding, recurrent cells, the softmax of attention, CTC. */
import { elementCount } from "../../base/shape.ts";
import { CTC_REDUCTIONS, EMBEDDING_MODES } from "../contract.ts";
import { bf16Normals, normals, stream } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

const real = (shape: readonly number[], id: number, spread = 1): OpInput => ({
  shape,
  values: normals(elementCount(shape), id).map((x) => spread * x),
});

const places = (shape: readonly number[], values: ArrayLike<number>): OpInput => ({
  shape,
  values,
  dtype: "i32",
});

function draws(count: number, id: number, below: number): number[] {
  const random = stream(id);
  return Array.from({ length: count }, () => random.below(below));
}

/** Every mode, with repeated, padded and impossible indices, with bags of fixed length and with offsets (empty ones too). */
export function embeddingCases(): AnyOpRun[] {
  const [rows, features] = [23, 37];
  const spoiled = [...draws(22, 90, rows), -1, rows];
  return EMBEDDING_MODES.flatMap((mode) =>
    [-1, 3].flatMap((paddingIndex): AnyOpRun[] => {
      const attrs = { mode, paddingIndex };
      const fixed = mode === "lookup" ? [] : [1];
      const pairs = [
        { bags: mode === "lookup" ? [4, 6] : [4], inputs: [places([4, 6], spoiled)] },
        ...fixed.map(() => ({
          bags: [5],
          inputs: [places([24], spoiled), places([5], [0, 7, 7, 11, 24])],
        })),
      ];
      return pairs.flatMap(({ bags, inputs }) => embeddingRuns(attrs, bags, inputs, [rows, features]));
    }),
  );
}

function embeddingRuns(
  attrs: { readonly mode: (typeof EMBEDDING_MODES)[number]; readonly paddingIndex: number },
  bags: readonly number[],
  indices: readonly OpInput[],
  table: readonly [number, number],
): AnyOpRun[] {
  const y = [...bags, table[1]];
  const count = indices[0].values.length;
  const gy = real(y, 92);
  const narrow: OpInput = { shape: table, values: bf16Normals(elementCount(table), 93), dtype: "bf16" };
  return [
    { op: "embedding", attrs, inputs: [real(table, 91), ...indices], outputs: [{ shape: y }] },
    { op: "embedding", attrs, inputs: [narrow, ...indices], outputs: [{ shape: y }] },
    { op: "embeddingGrad", attrs, inputs: [gy, ...indices], outputs: [{ shape: table }] },
    {
      op: "embeddingGradRows",
      attrs,
      inputs: [gy, ...indices],
      outputs: [{ shape: [count], dtype: "i32" }, { shape: [count, table[1]] }],
    },
  ];
}

/** Sizes below, at and above one block of units. */
export function cellCases(): AnyOpRun[] {
  const sizes = [
    [1, 1],
    [3, 19],
    [2, 256],
    [5, 301],
  ] as const;
  return sizes.flatMap(([rows, hidden]) => [...lstmRuns(rows, hidden), ...gruRuns(rows, hidden)]);
}

function lstmRuns(rows: number, hidden: number): AnyOpRun[] {
  const [state, wide] = [
    [rows, hidden],
    [rows, 4 * hidden],
  ];
  const products = [real(wide, 94, 2), real(wide, 95, 2), real(state, 96)];
  const biases = [real([4 * hidden], 97), real([4 * hidden], 98)];
  const outputs = [{ shape: state }, { shape: state }, { shape: wide }];
  const back = [real(state, 99), real(state, 100), real(state, 101), gates(wide, 102), real(state, 103)];
  return [
    ...[products, [...products, ...biases]].map(
      (inputs): AnyOpRun => ({ op: "lstmCell", attrs: {}, inputs, outputs }),
    ),
    {
      op: "lstmCellGrad",
      attrs: {},
      inputs: [...back, real(state, 104)],
      outputs: [{ shape: wide }, { shape: state }],
    },
  ];
}

function gruRuns(rows: number, hidden: number): AnyOpRun[] {
  const [state, products, wide] = [
    [rows, hidden],
    [rows, 3 * hidden],
    [rows, 4 * hidden],
  ];
  const plain = [real(products, 105, 2), real(products, 106, 2), real(state, 107)];
  const biases = [real([3 * hidden], 108), real([3 * hidden], 109)];
  const back = [real(state, 110), real(state, 111), real(state, 112), gates(wide, 113), real(state, 114)];
  return [
    ...[plain, [...plain, ...biases]].map(
      (inputs): AnyOpRun => ({
        op: "gruCell",
        attrs: {},
        inputs,
        outputs: [{ shape: state }, { shape: wide }],
      }),
    ),
    {
      op: "gruCellGrad",
      attrs: {},
      inputs: back,
      outputs: [{ shape: products }, { shape: products }, { shape: state }],
    },
  ];
}

/** What gates are: between 0 and 1. */
function gates(shape: readonly number[], id: number): OpInput {
  return { shape, values: normals(elementCount(shape), id).map((x) => 1 / (1 + Math.exp(-x))) };
}

/** Masks of both kinds, of full and of broadcast shape, alone and together; rows without any place; causality. */
export function attentionCases(): AnyOpRun[] {
  const shapes = [
    [2, 3, 5, 7],
    [4, 6],
    [1, 2, 33, 70],
  ];
  return shapes.flatMap((shape) => {
    const scores = real(shape, 115, 4);
    const places = elementCount(shape);
    const [steps, width] = shape.slice(-2);
    const added = normals(steps * width, 116).map((x, i) => (i % 5 === 2 ? Number.NEGATIVE_INFINITY : x));
    const kept = draws(places, 117, 3).map((draw, i) => (i < width ? 0 : draw));
    const maskSets: OpInput[][] = [
      [],
      [{ shape: [steps, width], values: added }],
      [{ shape, values: kept, dtype: "i32" }],
      [
        { shape: [1, width], values: kept.slice(-width), dtype: "i32" },
        { shape: [steps, 1], values: normals(steps, 118) },
      ],
    ];
    const forward = maskSets.flatMap((masks) =>
      [false, true].map((causal): AnyOpRun => {
        const attrs = { scale: 0.375, causal };
        return { op: "maskedSoftmax", attrs, inputs: [scores, ...masks], outputs: [{ shape }] };
      }),
    );
    return [...forward, attentionGradient(shape)];
  });
}

function attentionGradient(shape: readonly number[]): AnyOpRun {
  const p = { shape, values: normals(elementCount(shape), 120).map((x) => Math.abs(x) / 4) };
  return {
    op: "maskedSoftmaxGrad",
    attrs: { scale: 0.375 },
    inputs: [real(shape, 119), p],
    outputs: [{ shape }],
  };
}

/** Repeated labels, an empty target, a target that is too long, lengths and labels that do not exist; both layouts of targets. */
export function ctcCases(): AnyOpRun[] {
  const [steps, sequences, classes] = [11, 6, 5];
  const shape = [steps, sequences, classes];
  const raw = normals(elementCount(shape), 121);
  const logProbs: OpInput = { shape, values: raw.map((x, i) => x - rowLogSum(raw, i, classes)) };
  const labels = [
    [1, 2, 2, 3],
    [4, 4, 4, 4],
    [1, 1, 1, 1],
    [2, 9, 1, 3],
    [3, 1, 0, 4],
    [2, 3, 4, 1],
  ];
  const targetLengths = [4, 0, 4, 2, 3, 2];
  const lengths = [places([sequences], [11, 7, 6, 11, 11, 99]), places([sequences], targetLengths)];
  const targetSets = [
    places([sequences, 4], labels.flat()),
    places(
      [15],
      labels.flatMap((row, n) => row.slice(0, targetLengths[n])),
    ),
  ];
  return targetSets.flatMap((targets) =>
    [2, sequences].flatMap((count) => ctcRuns(logProbs, targets, lengths, count)),
  );
}

/** The first `count` sequences: the first ones are all possible. */
function ctcRuns(all: OpInput, targets: OpInput, lengths: readonly OpInput[], count: number): AnyOpRun[] {
  const [steps, sequences, classes] = all.shape;
  const values = Array.from(all.values).filter((_, i) => Math.floor(i / classes) % sequences < count);
  const logProbs = { shape: [steps, count, classes], values };
  const some = targets.shape.length === 1 ? targets : firstRows(targets, count);
  const inputs = [logProbs, some, ...lengths.map((length) => firstRows(length, count))];
  return CTC_REDUCTIONS.flatMap((reduction) =>
    [false, true].flatMap((zeroInfinity): AnyOpRun[] => {
      const attrs = { blank: 0, reduction, zeroInfinity };
      const loss = reduction === "none" ? [count] : [];
      return [
        { op: "ctcLoss", attrs, inputs, outputs: [{ shape: loss }] },
        {
          op: "ctcLossGrad",
          attrs,
          inputs: [real(loss, 122), ...inputs],
          outputs: [{ shape: logProbs.shape }],
        },
      ];
    }),
  );
}

function firstRows(x: OpInput, count: number): OpInput {
  const width = x.values.length / x.shape[0];
  return {
    ...x,
    shape: [count, ...x.shape.slice(1)],
    values: Array.from(x.values).slice(0, count * width),
  };
}

function rowLogSum(raw: Float32Array, index: number, classes: number): number {
  const first = index - (index % classes);
  return Math.log(raw.slice(first, first + classes).reduce((sum, x) => sum + Math.exp(x), 0));
}
