/**
 * The two graphs of a run: the training step (forward, loss, backward, check, update) and the evaluation of a batch. Both
 * are traced from the same model and rounded by the same policy.
 */

import { gradients } from "../autodiff/gradients.ts";
import { simplify } from "../compile/simplify.ts";
import { Graph, type Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import { type Classifier, classifierLogits } from "../models/classifier.ts";
import { crossEntropy, namedParameters } from "../nn/index.ts";
import { appendUpdate, type Trained } from "../optim/append-update.ts";
import { SGD, type SgdOptions } from "../optim/optimizers.ts";
import { applyPolicy } from "../precision/apply-policy.ts";
import { LOSS_SCALE_SEED } from "../precision/loss-scaling.ts";
import type { Recipe } from "../precision/recipe.ts";

/** Names of the external arrays of both graphs. */
export const EXTERNALS = {
  images: "images",
  labels: "labels",
  loss: "loss",
  correct: "correct",
  logits: "logits",
} as const;

/** [N, H, W, C] of a batch. */
export type BatchShape = readonly [number, number, number, number];

/** One step of training as a graph: outputs `loss` and `correct`, updates of every state. */
export function trainGraph(
  model: Classifier,
  recipe: Recipe,
  batchShape: BatchShape,
  optimizer: SgdOptions,
): Graph {
  const graph = new Graph({ training: true });
  const loss = traceLoss(graph, model, batchShape);
  const members = namedParameters(model);
  const parameters = members.map(([name, { shape, kind }]) =>
    graph.source({ kind: "state", name }, shape, kind),
  );
  const seed = lossSeed(graph, recipe);
  const found = gradients(graph, [loss], [seed], parameters);
  const trained = members.flatMap(([name, { shape, kind }], i): Trained[] => {
    const [parameter, gradient] = [parameters[i], found[i]];
    return gradient === undefined ? [] : [{ info: { name, kind, shape }, parameter, gradient }];
  });
  appendUpdate(graph, new SGD(optimizer), trained, { lossScaling: recipe.lossScaling });
  return simplify(applyPolicy(graph, recipe.policy));
}

/** Loss and correct count of a batch in evaluation mode: running statistics, no updates. */
export function evaluationGraph(model: Classifier, recipe: Recipe, batchShape: BatchShape): Graph {
  const graph = new Graph({ training: false });
  traceLoss(graph, model, batchShape);
  return simplify(applyPolicy(graph, recipe.policy));
}

function traceLoss(graph: Graph, model: Classifier, batchShape: BatchShape): Value {
  const images = graph.source({ kind: "input", name: EXTERNALS.images }, batchShape, "input");
  const labels = graph.source({ kind: "input", name: EXTERNALS.labels }, [batchShape[0]], "label", "i32");
  const target = new Tensor(graph, labels);
  const { logits, auxiliary } = classifierLogits(model.forward(new Tensor(graph, images)));
  const { loss, correct } = crossEntropy(logits, target);
  graph.output(EXTERNALS.loss, loss.value);
  graph.output(EXTERNALS.correct, correct.value);
  // What is reported is the loss of the answer; auxiliary classifiers only train.
  return auxiliary.reduce(
    (sum, { logits: aside, weight }) => sum.add(crossEntropy(aside, target).loss.affine(weight)),
    loss,
  ).value;
}

/** The gradient of the loss with respect to itself: 1, or the loss scale as the caller writes it before each step. */
function lossSeed(graph: Graph, recipe: Recipe): Value {
  if (recipe.lossScaling.kind !== "none") {
    return graph.source({ kind: "input", name: LOSS_SCALE_SEED }, [], "control");
  }
  return graph.during("backward", () => graph.apply("fill", [], { value: 1, shape: [] }, ["control"])[0]);
}
