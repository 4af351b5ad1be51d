/** Conformance cases of batch normalisation and the loss. */
import { elementCount } from "../../base/shape.ts";
import type { OpAttrs } from "../contract.ts";
import { normals, uniforms } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

export function batchNormCases(): AnyOpRun[] {
  const shapes = [
    [2, 5, 7, 3],
    [3, 4, 4, 16],
    [37, 19],
    [2, 1],
    [1, 33, 31, 5],
    [5, 32, 33, 16],
  ];
  return shapes.flatMap((shape): AnyOpRun[] => {
    const channels = shape[shape.length - 1];
    const perChannel = [channels];
    const x = { shape, values: normals(elementCount(shape), 60).map((value) => 3 * value + 1.5) };
    const weight = real(perChannel, 61);
    const bias = real(perChannel, 62);
    const mean = real(perChannel, 63);
    const spread = { shape: perChannel, values: uniforms(channels, 64, 0.5, 2) };
    const statistic = { shape: perChannel };
    return [
      {
        op: "batchNormTrain",
        attrs: { eps: 1e-5, momentum: 0.1 },
        inputs: [x, weight, bias, mean, spread],
        outputs: [{ shape }, statistic, statistic, statistic, statistic],
      },
      {
        op: "batchNormTrainGrad",
        attrs: {},
        inputs: [real(shape, 65), x, weight, mean, spread],
        outputs: [{ shape }, statistic, statistic],
      },
    ];
  });
}

export function lossCases(): AnyOpRun[] {
  const sizes = [
    [1, 2],
    [7, 10],
    [33, 100],
    [5, 1],
  ];
  return sizes.flatMap(([rows, classes]) =>
    [0, 0.1].flatMap((labelSmoothing) => {
      const logits = { shape: [rows, classes], values: normals(rows * classes, 66).map((x) => 4 * x) };
      return crossEntropy(logits, { labelSmoothing, ignoreIndex: -100 });
    }),
  );
}

/** NaN and infinite logits, labels that do not exist, a row of equal logits. */
export function spoiledLossCases(): AnyOpRun[] {
  const rows = [
    [1, 2, 3],
    [Number.NaN, 1, 2],
    [1, 2, Number.NaN],
    [5, 5, 5],
    [0, Number.NEGATIVE_INFINITY, 1],
    [200, -200, 0],
  ];
  const logits = { shape: [rows.length, 3], values: rows.flat() };
  const attrs = { labelSmoothing: 0, ignoreIndex: 7 };
  const whole = [2, 0, 7, 0, 0, 1];
  const labelSets = [whole, [2, 7, 7, 0, 0, 1], [2, 7, 7, 3, 0, 1], [2, 7, 7, 0, -1, 1], whole.map(() => 7)];
  return labelSets.flatMap((values) =>
    lossRuns(logits, { shape: [rows.length], values, dtype: "i32" }, attrs),
  );
}

/** Rows of very different size, and an ignored label in every third row. */
function crossEntropy(logits: OpInput, attrs: OpAttrs["softmaxCrossEntropy"]): AnyOpRun[] {
  const [rows, classes] = logits.shape;
  const values = Int32Array.from({ length: rows }, (_, n) =>
    n % 3 === 2 ? attrs.ignoreIndex : (7 * n) % classes,
  );
  return lossRuns(logits, { shape: [rows], values, dtype: "i32" }, attrs);
}

function lossRuns(logits: OpInput, labels: OpInput, attrs: OpAttrs["softmaxCrossEntropy"]): AnyOpRun[] {
  const gLoss: OpInput = { shape: [], values: [1024] };
  return [
    { op: "softmaxCrossEntropy", attrs, inputs: [logits, labels], outputs: [{ shape: [] }, { shape: [] }] },
    {
      op: "softmaxCrossEntropyGrad",
      attrs,
      inputs: [gLoss, logits, labels],
      outputs: [{ shape: logits.shape }],
    },
  ];
}

function real(shape: readonly number[], id: number): OpInput {
  return { shape, values: normals(elementCount(shape), id) };
}
