/**
 * What a run traces: the loss of a batch of pictures, for its training step and for evaluation. Gradients, updates and
 * roundings are the engine's.
 */
import { roundedGraph } from "../engine/compile.ts";
import { tensor } from "../engine/eager.ts";
import { trace } from "../engine/trace.ts";
import { traceStep } from "../engine/trace-step.ts";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Classifier, classifierLogits } from "../models/classifier.ts";
import { crossEntropy } from "../nn/index.ts";
import { DEFAULT_OPTIMIZER_NAME } from "../optim/append-update.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Recipe } from "../precision/recipe.ts";

/** Names of the external arrays of both graphs. `answerLoss` leaves auxiliary classifiers out. */
export const EXTERNALS = {
  images: "argument 0.images",
  labels: "argument 0.labels",
  answerLoss: "result answerLoss",
  correct: "result correct",
} as const;

/** [N, H, W, C] of a batch. */
export type BatchShape = readonly [number, number, number, number];

/** The arrays that a step reads its batch from. */
export interface BatchArrays {
  readonly shape: BatchShape;
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

export function batchArrays(shape: BatchShape): BatchArrays {
  const [n, h, w, c] = shape;
  return { shape, images: new Float32Array(n * h * w * c), labels: new Int32Array(n) };
}

/** One step of training as a graph: outputs of the loss, updates of every state. */
export function trainGraph(
  model: Classifier,
  { recipe, batch, optimizer }: { recipe: Recipe; batch: BatchArrays; optimizer: Optimizer },
): Graph {
  const options = { loss: classifierLoss, optimizer, recipe, name: DEFAULT_OPTIMIZER_NAME };
  return traceStep(model, tensorsOf(batch), options).graph;
}

/** The same losses in evaluation mode: running statistics, no updates. */
export function evaluationGraph(model: Classifier, recipe: Recipe, batch: BatchArrays): Graph {
  const loss = (given: ReturnType<typeof tensorsOf>) => {
    const { answerLoss, correct } = classifierLoss(model, given);
    return { answerLoss, correct };
  };
  return roundedGraph(trace(loss, [tensorsOf(batch)], false), recipe);
}

function tensorsOf({ images, labels, shape }: BatchArrays) {
  return { images: tensor(images, { shape }), labels: tensor(labels) };
}

/** What is reported is the loss of the answer; auxiliary classifiers only train. */
function classifierLoss(model: Classifier, { images, labels }: { images: Tensor; labels: Tensor }) {
  const { logits, auxiliary } = classifierLogits(model.forward(images));
  const { loss: answerLoss, correct } = crossEntropy(logits, labels);
  const loss = auxiliary.reduce(
    (sum, { logits: aside, weight }) => sum.add(crossEntropy(aside, labels).loss.affine(weight)),
    answerLoss,
  );
  return { loss, answerLoss, correct };
}
