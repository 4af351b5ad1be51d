/** Shapes of the softmax of attention. Part of shapes.ts. */
import { broadcastShapes, type ShapeRules, same } from "./rule.ts";

export const attentionShapes: Pick<ShapeRules, "maskedSoftmax" | "maskedSoftmaxGrad"> = {
  maskedSoftmax: ([scores, ...masks]) => {
    for (const mask of masks) same("scores and mask", scores, broadcastShapes(scores, mask));
    return [{ shape: scores }];
  },
  maskedSoftmaxGrad: ([gp, p]) => [{ shape: same("gradient and probabilities", gp, p) }],
};
