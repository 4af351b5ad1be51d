/**
 * Softmax cross entropy in all of PyTorch's forms. Labels without class weights, averaged, are one fused primitive; the other
 * forms are built on the log softmax. Computed in FP32 whatever the recipe.
 */
import { RoundoffError } from "../../base/errors.ts";
import { formatShape } from "../../graph/graph.ts";
import { Tensor } from "../../graph/tensor.ts";
import { filled } from "../functional/apply.ts";
import { inFp32, type Reduction, reduced } from "./reduction.ts";

/** Labels with this value do not count; PyTorch's default. */
export const IGNORE_INDEX = -100;

export interface CrossEntropyOptions {
  readonly labelSmoothing?: number;
  /** Of labels only. */
  readonly ignoreIndex?: number;
  /** Factor of each class, [C]; the mean is then weighted too. */
  readonly weight?: Tensor;
  /** Axis of the classes in the logits; default 1 (0 if they have one axis only), as PyTorch. */
  readonly classAxis?: number;
  readonly reduction?: Reduction;
}

export type CrossEntropy = {
  readonly loss: Tensor;
  /** How many labels are the class of the largest logit; of probabilities: how many largest classes agree. */
  readonly correct: Tensor;
};

/**
 * Cross entropy of logits [N, C, …] against labels i32 [N, …] or probabilities of the logits' shape: the mean over the labels
 * that count (probabilities: over N·…), and how many rows have their largest logit at the label.
 */
export function crossEntropy(
  logits: Tensor,
  target: Tensor,
  options: CrossEntropyOptions = {},
): CrossEntropy {
  const { labelSmoothing = 0, ignoreIndex = IGNORE_INDEX, weight, reduction = "mean" } = options;
  const axis = classAxis(logits, options.classAxis);
  const rows = asRows(logits, axis);
  const labels = target.dtype === "i32" ? asLabels(target, logits, axis) : undefined;
  const compared = labels ?? asRows(target, axis).argmax(1);
  const attrs = { labelSmoothing, ignoreIndex };
  const { graph } = logits;
  const [mean, correct] = graph
    .apply("softmaxCrossEntropy", [rows.value, compared.value], attrs)
    .map((value) => new Tensor(graph, value));
  if (labels !== undefined && weight === undefined && reduction === "mean") return { loss: mean, correct };
  const loss = inFp32(logits, () => {
    const logProbs = rows.logSoftmax(1);
    const losses =
      labels === undefined
        ? againstProbabilities(logProbs, asRows(target, axis), labelSmoothing, weight)
        : againstLabels(logProbs, labels, { labelSmoothing, ignoreIndex, weight });
    if (reduction === "mean") return losses.total.sum().div(losses.counted.sum());
    const shape = logits.shape.filter((_, i) => i !== axis);
    return reduced(losses.total.reshape(shape), reduction);
  });
  return { loss, correct };
}

/** Negative log likelihood: crossEntropy of logits that are log probabilities already. */
export function nllLoss(
  logProbs: Tensor,
  labels: Tensor,
  { reduction = "mean", ignoreIndex = IGNORE_INDEX, weight, classAxis: axis }: CrossEntropyOptions = {},
): Tensor {
  return inFp32(logProbs, () => {
    const at = classAxis(logProbs, axis);
    const options = { labelSmoothing: 0, ignoreIndex, weight };
    const { total, counted } = againstLabels(asRows(logProbs, at), asLabels(labels, logProbs, at), options);
    if (reduction === "mean") return total.sum().div(counted.sum());
    return reduced(total.reshape(logProbs.shape.filter((_, i) => i !== at)), reduction);
  });
}

/** Loss of every row, and what it counts in the mean. */
interface RowLosses {
  readonly total: Tensor;
  readonly counted: Tensor;
}

interface LabelOptions {
  readonly labelSmoothing: number;
  readonly ignoreIndex: number;
  readonly weight?: Tensor;
}

/** PyTorch's rule: smoothing spreads over all classes by their weights, and the mean divides by the weights of the labels. */
function againstLabels(
  logProbs: Tensor,
  labels: Tensor,
  { labelSmoothing, ignoreIndex, weight }: LabelOptions,
): RowLosses {
  const [rows, classes] = logProbs.shape;
  const counts = labels.cast("f32").ne(ignoreIndex);
  const known = labels.cast("f32").where(counts, 0).cast("i32");
  const picked = logProbs.gather(1, known.reshape([rows, 1])).reshape([rows]);
  const factor = weight === undefined ? counts : weight.indexSelect(0, known).where(counts, 0);
  const nll = picked
    .neg()
    .mul(factor)
    .affine(1 - labelSmoothing);
  if (labelSmoothing === 0) return { total: nll.where(counts, 0), counted: factor };
  const weighted = weight === undefined ? logProbs : logProbs.mul(weight);
  const smooth = weighted.sum({ axes: [1] }).affine(-labelSmoothing / classes);
  return { total: nll.add(smooth).where(counts, 0), counted: factor };
}

function againstProbabilities(
  logProbs: Tensor,
  target: Tensor,
  labelSmoothing: number,
  weight: Tensor | undefined,
): RowLosses {
  const classes = logProbs.shape[1];
  const smoothed =
    labelSmoothing === 0 ? target : target.affine(1 - labelSmoothing, labelSmoothing / classes);
  const weighted = weight === undefined ? smoothed : smoothed.mul(weight);
  const total = weighted
    .mul(logProbs)
    .sum({ axes: [1] })
    .neg();
  return { total, counted: filled(total, total.shape, 1, "control") };
}

function classAxis({ shape }: Tensor, axis: number | undefined): number {
  const chosen = axis ?? (shape.length === 1 ? 0 : 1);
  return chosen < 0 ? chosen + shape.length : chosen;
}

/** Classes last, everything else joined: [rows, C]. */
function asRows(x: Tensor, axis: number): Tensor {
  const others = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const moved = axis === x.shape.length - 1 ? x : x.transpose([...others, axis]);
  return moved.reshape([-1, x.shape[axis]]);
}

function asLabels(labels: Tensor, logits: Tensor, axis: number): Tensor {
  const expected = logits.shape.filter((_, i) => i !== axis);
  if (expected.length !== labels.shape.length || expected.some((size, i) => size !== labels.shape[i])) {
    throw new RoundoffError("SHAPE_MISMATCH", {
      what: "labels do not fit the logits",
      expected: `${formatShape(expected)} for logits ${formatShape(logits.shape)} with classes on axis ${axis}`,
      received: formatShape(labels.shape),
      hint: "Labels are i32 without the class axis; probabilities are f32 with it.",
    });
  }
  return labels.reshape([-1]);
}
