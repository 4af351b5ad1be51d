/** Conformance cases of the update: optimizers in every variant, the controls around them, averages of weights. */
import { elementCount } from "../../base/shape.ts";
import { NORM_TYPES, OPTIMIZER_STATES, type OpAttrs, type OptimizerOp } from "../contract.ts";
import { integers, normals, uniforms } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

export function updateCases(): AnyOpRun[] {
  return [
    ...optimizerCases(),
    ...emaCases(),
    ...lossScaleCases(),
    ...countCases(),
    ...stepCases(),
    ...clipCases(),
  ];
}

/** No multiple of a block; the long one is more than one task of the native kernels. */
const SHAPE = [1031];
const LONG_SHAPE = [16411];
const plain = { weightDecay: 0, clipValue: Infinity };
const full = { weightDecay: 5e-4, clipValue: 0.75 };
const adam = { beta1: 0.9, beta2: 0.999, eps: 1e-8 };

/** Attributes of every variant of every optimizer. */
const VARIANTS: { readonly [Op in OptimizerOp]: readonly OpAttrs[Op][] } = {
  sgdUpdate: [
    { ...plain, momentum: 0, dampening: 0, nesterov: false },
    { ...full, momentum: 0.9, dampening: 0, nesterov: false },
    { ...full, momentum: 0.9, dampening: 0.25, nesterov: false },
    { ...full, momentum: 0.9, dampening: 0, nesterov: true },
  ],
  adamUpdate: [
    { ...plain, ...adam, decoupled: false, amsgrad: false },
    { ...full, ...adam, decoupled: false, amsgrad: true },
    { ...full, ...adam, decoupled: true, amsgrad: false },
    { ...full, beta1: 0.25, beta2: 0.5, eps: 1e-3, decoupled: true, amsgrad: true },
  ],
  rmspropUpdate: [
    { ...plain, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false },
    { ...full, alpha: 0.99, eps: 1e-8, momentum: 0.9, centered: false },
    // The running square stays above the square of the running mean: see `statesOf`.
    { ...full, alpha: 0.9, eps: 1e-3, momentum: 0, centered: true },
    { ...full, alpha: 0.9, eps: 1e-3, momentum: 0.9, centered: true },
  ],
  adagradUpdate: [
    { ...plain, lrDecay: 0, eps: 1e-10 },
    { ...full, lrDecay: 0.01, eps: 1e-10 },
  ],
  larsUpdate: [
    { ...full, momentum: 0.9, nesterov: false, trust: 0.001, eps: 1e-8 },
    { ...plain, momentum: 0.9, nesterov: true, trust: 0.02, eps: 0 },
  ],
  lambUpdate: [
    { ...plain, ...adam, eps: 1e-6 },
    { ...full, ...adam, eps: 1e-6 },
  ],
};

function optimizerCases(): AnyOpRun[] {
  return (Object.keys(VARIANTS) as OptimizerOp[]).flatMap((op) =>
    VARIANTS[op].flatMap((attrs) => [1, 7].flatMap((step) => variantRuns(op, attrs, step))),
  );
}

/** Without scaling, with it, with it and a clip factor, and skipped. */
function variantRuns<Op extends OptimizerOp>(op: Op, attrs: OpAttrs[Op], step: number): AnyOpRun[] {
  const scale: OpInput = { shape: [4], values: [1000, 3, 1, 0] };
  const tails = [[], [scale, scalar(0)], [scale, scalar(0), scalar(0.3)], [scale, scalar(2)]];
  return tails.map((tail) => {
    const shape = tail.length === 3 ? LONG_SHAPE : SHAPE;
    const states = Array.from({ length: OPTIMIZER_STATES[op](attrs) }, (_, i) => stateOf(op, i, shape));
    const inputs = [real(shape, 70), real(shape, 71), ...states, scalar(0.1), scalar(step), ...tail];
    const outputs = [0, ...states.map((_, i) => 2 + i)].map((inPlaceOf) => ({ shape, inPlaceOf }));
    return { op, attrs, inputs, outputs } as AnyOpRun;
  });
}

/** Squares are not negative, and a centred RMSprop's is above the square of the mean. */
function stateOf(op: OptimizerOp, index: number, shape: readonly number[]): OpInput {
  const squares =
    op === "adagradUpdate" ||
    (op === "rmspropUpdate" && index === 0) ||
    (op !== "rmspropUpdate" && index > 0);
  if (squares) return { shape, values: uniforms(elementCount(shape), 72 + index, 1, 3) };
  return { shape, values: uniforms(elementCount(shape), 72 + index, -1, 1) };
}

function emaCases(): AnyOpRun[] {
  const inputs = [real(SHAPE, 76), real(SHAPE, 77)];
  return [0.999, 0.25].flatMap((decay) =>
    [[], [scalar(0)], [scalar(1)]].map((tail) => ({
      op: "emaUpdate",
      attrs: { decay },
      inputs: [...inputs, ...tail],
      outputs: [{ shape: SHAPE, inPlaceOf: 0 }],
    })),
  );
}

function lossScaleCases(): AnyOpRun[] {
  const attrs = {
    growthFactor: 2,
    backoffFactor: 0.5,
    growthInterval: 4,
    minScale: 1,
    maxScale: 2 ** 20,
  };
  const states = [
    [1024, 0, 0, 0],
    [1024, 3, 5, 1],
    [2 ** 20, 3, 0, 0],
    [1, 2, 0, 0],
  ];
  return states.flatMap((state) =>
    [0, 3].map((found) => ({
      op: "lossScaleUpdate",
      attrs,
      inputs: [
        { shape: [4], values: state },
        { shape: [], values: [found] },
      ],
      outputs: [{ shape: [4], inPlaceOf: 0 }],
    })),
  );
}

function countCases(): AnyOpRun[] {
  return gradientSets().map((inputs) => ({
    op: "countNonFinite",
    attrs: {},
    inputs,
    outputs: [{ shape: [] }],
  }));
}

function stepCases(): AnyOpRun[] {
  return [0, 41, 2 ** 24].flatMap((step) =>
    [[], [scalar(0)], [scalar(3)]].map((found) => ({
      op: "countStep",
      attrs: {},
      inputs: [scalar(step), ...found],
      outputs: [{ shape: [1], inPlaceOf: 0 }],
    })),
  );
}

/** Above and below the limit, and with gradients that are not finite. */
function clipCases(): AnyOpRun[] {
  return gradientSets().flatMap((gradients) =>
    [0.5, 1e6].flatMap((maxNorm) =>
      NORM_TYPES.map((normType) => ({
        op: "clipByNorm",
        attrs: { maxNorm, normType },
        inputs: [{ shape: [4], values: [1000, 0, 0, 0] }, ...gradients],
        outputs: [{ shape: [] }, { shape: [] }],
      })),
    ),
  );
}

function gradientSets(): OpInput[][] {
  const clean: OpInput = { shape: [3, 171], values: integers(513, 73, 9) };
  const spoiled = normals(1031, 74);
  spoiled[0] = Number.NaN;
  spoiled[517] = Infinity;
  spoiled[1030] = Number.NEGATIVE_INFINITY;
  const broken = [clean, { shape: [1031], values: spoiled }, clean, { shape: [1], values: [Number.NaN] }];
  return [[clean], [clean, real(LONG_SHAPE, 75)], broken];
}

const scalar = (value: number): OpInput => ({ shape: [1], values: [value] });

function real(shape: readonly number[], id: number): OpInput {
  return { shape, values: normals(elementCount(shape), id) };
}
