/** Golden operations: losses. */
import type { Tensor } from "../../../graph/tensor.ts";
import { crossEntropy } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

function crossEntropyLoss(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const labelSmoothing = attributes.number("labelSmoothing", 0);
  const ignoreIndex = attributes.number("ignoreIndex", -100);
  const { loss } = crossEntropy(args.get("logits"), args.get("target"), { labelSmoothing, ignoreIndex });
  return { output: loss };
}

export const lossesOperations: GoldenOperations = {
  crossEntropy: { channelsLast: [], build: crossEntropyLoss },
};
