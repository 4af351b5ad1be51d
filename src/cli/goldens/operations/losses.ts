/** Golden operations: losses. */
import type { Tensor } from "../../../graph/tensor.ts";
import {
  bceWithLogits,
  crossEntropy,
  ctcLoss,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  smoothL1Loss,
} from "../../../nn/index.ts";
import type { Attributes } from "../attributes.ts";
import type { Arguments, GoldenOperation, GoldenOperations } from "./operation.ts";

type Results = Readonly<Record<string, Tensor>>;

const REDUCTIONS = ["mean", "sum", "none"] as const;

/** The arguments of these names that the case has, as options. */
function given<const Name extends string>(
  args: Arguments,
  ...names: readonly Name[]
): Partial<Record<Name, Tensor>> {
  return Object.fromEntries(
    names.filter((name) => args.has(name)).map((name) => [name, args.get(name)]),
  ) as Partial<Record<Name, Tensor>>;
}

function crossEntropyLoss(args: Arguments, attributes: Attributes): Results {
  const { loss } = crossEntropy(args.get("logits"), args.get("target"), {
    labelSmoothing: attributes.number("labelSmoothing", 0),
    ignoreIndex: attributes.number("ignoreIndex", -100),
    reduction: attributes.choice("reduction", REDUCTIONS),
    ...given(args, "weight"),
  });
  return { output: loss };
}

/** A loss of `x` (or `logits`, `input`) against `target` that has no options but its reduction. */
const plain = (
  loss: (x: Tensor, target: Tensor, options: { reduction: (typeof REDUCTIONS)[number] }) => Tensor,
): GoldenOperation => ({
  channelsLast: [],
  build: (args, attributes) => {
    const reduction = attributes.choice("reduction", REDUCTIONS);
    return { output: loss(subject(args), args.get("target"), { reduction }) };
  },
});

function subject(args: Arguments): Tensor {
  return args.get(["x", "logits", "input"].find((name) => args.has(name)) ?? "x");
}

function binaryCrossEntropy(args: Arguments, attributes: Attributes): Results {
  const reduction = attributes.choice("reduction", REDUCTIONS);
  const options = { reduction, ...given(args, "weight", "posWeight") };
  return { output: bceWithLogits(subject(args), args.get("target"), options) };
}

function smoothL1(args: Arguments, attributes: Attributes): Results {
  const options = {
    beta: attributes.number("beta", 1),
    reduction: attributes.choice("reduction", REDUCTIONS),
  };
  return { output: smoothL1Loss(subject(args), args.get("target"), options) };
}

function huber(args: Arguments, attributes: Attributes): Results {
  const options = {
    delta: attributes.number("delta", 1),
    reduction: attributes.choice("reduction", REDUCTIONS),
  };
  return { output: huberLoss(subject(args), args.get("target"), options) };
}

function divergence(args: Arguments, attributes: Attributes): Results {
  const reduction = attributes.choice("reduction", [...REDUCTIONS, "batchmean", "batchMean"]);
  const options = {
    reduction: reduction === "batchmean" ? "batchMean" : reduction,
    logTarget: attributes.boolean("logTarget", false),
  } as const;
  return { output: klDiv(subject(args), args.get("target"), options) };
}

function ctc(args: Arguments, attributes: Attributes): Readonly<Record<string, Tensor>> {
  const lengths = { inputLengths: args.get("inputLengths"), targetLengths: args.get("targetLengths") };
  const output = ctcLoss(args.get("logProbs"), args.get("targets"), lengths, {
    blank: attributes.number("blank", 0),
    reduction: attributes.choice("reduction", REDUCTIONS),
    zeroInfinity: attributes.boolean("zeroInfinity", false),
  });
  return { output };
}

export const lossesOperations: GoldenOperations = {
  crossEntropy: { channelsLast: [], build: crossEntropyLoss },
  bceWithLogits: { channelsLast: [], build: binaryCrossEntropy },
  mseLoss: plain(mseLoss),
  l1Loss: plain(l1Loss),
  smoothL1Loss: { channelsLast: [], build: smoothL1 },
  huberLoss: { channelsLast: [], build: huber },
  klDiv: { channelsLast: [], build: divergence },
  ctcLoss: { channelsLast: [], build: ctc },
};
