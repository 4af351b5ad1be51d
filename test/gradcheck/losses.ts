/** Gradient checks of losses. */
import type { Tensor } from "../../src/graph/tensor.ts";
import { crossEntropy } from "../../src/nn/index.ts";
import { type GradientCase, input, labels } from "./inputs.ts";

export const lossGradients: readonly GradientCase[] = [
  ...[
    { labelSmoothing: 0, ignoreIndex: -100 },
    { labelSmoothing: 0.1, ignoreIndex: 2 },
  ].map(
    (options): GradientCase => ({
      name: `crossEntropy ${JSON.stringify(options)}`,
      covers: "softmaxCrossEntropy",
      build: ([logits, target]: Tensor[]) => crossEntropy(logits, target, options).loss,
      inputs: [input(4, 5), labels(0, 4, 2, 1)],
    }),
  ),
];
