/** Shapes of losses. Part of shapes.ts. */
import { mismatch, type Shape, type ShapeRules, same, text } from "./rule.ts";

export const lossShapes: Pick<
  ShapeRules,
  "softmaxCrossEntropy" | "softmaxCrossEntropyGrad" | "ctcLoss" | "ctcLossGrad"
> = {
  softmaxCrossEntropy: ([logits, labels]) => {
    same("labels", [logits[0]], labels);
    return [
      { shape: [], role: "statistic" },
      { shape: [], role: "statistic" },
    ];
  },
  softmaxCrossEntropyGrad: ([, logits]) => [{ shape: logits }],
  ctcLoss: (shapes, { reduction }) => {
    const sequences = ctcSequences(shapes);
    return [{ shape: reduction === "none" ? [sequences] : [], role: "statistic" }];
  },
  ctcLossGrad: ([, logProbs]) => [{ shape: logProbs }],
};

/** N of logProbs[T,N,C], if the other operands fit it. */
function ctcSequences([logProbs, targets, inputLengths, targetLengths]: readonly Shape[]): number {
  if (logProbs.length !== 3) throw mismatch("logProbs has the wrong rank", "[T, N, C]", text(logProbs));
  const sequences = logProbs[1];
  if (targets.length === 2 ? targets[0] !== sequences : targets.length !== 1) {
    throw mismatch("targets do not fit logProbs", `[${sequences}, S] or [sum of lengths]`, text(targets));
  }
  same("input lengths", [sequences], inputLengths);
  same("target lengths", [sequences], targetLengths);
  return sequences;
}
