/** Golden operations: losses. */
import type { Tensor } from "../../../graph/tensor.ts";
import { crossEntropy, ctcLoss } from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperations } from "./operation.ts";

function crossEntropyLoss(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const labelSmoothing = attributes.number("labelSmoothing", 0);
  const ignoreIndex = attributes.number("ignoreIndex", -100);
  const { loss } = crossEntropy(args.get("logits"), args.get("target"), { labelSmoothing, ignoreIndex });
  return { output: loss };
}

function ctc(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const lengths = { inputLengths: args.get("inputLengths"), targetLengths: args.get("targetLengths") };
  const output = ctcLoss(args.get("logProbs"), args.get("targets"), lengths, {
    blank: attributes.number("blank", 0),
    reduction: attributes.choice("reduction", ["mean", "sum", "none"]),
    zeroInfinity: attributes.boolean("zeroInfinity", false),
  });
  return { output };
}

export const lossesOperations: GoldenOperations = {
  crossEntropy: { channelsLast: [], build: crossEntropyLoss },
  ctcLoss: { channelsLast: [], build: ctc },
};
