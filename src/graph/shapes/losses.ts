/** Shapes of losses. Part of shapes.ts. */
import { type ShapeRules, same } from "./rule.ts";

export const lossShapes: Pick<ShapeRules, "softmaxCrossEntropy" | "softmaxCrossEntropyGrad"> = {
  softmaxCrossEntropy: ([logits, labels]) => {
    same("labels", [logits[0]], labels);
    return [
      { shape: [], role: "statistic" },
      { shape: [], role: "statistic" },
    ];
  },
  softmaxCrossEntropyGrad: ([, logits]) => [{ shape: logits }],
};
