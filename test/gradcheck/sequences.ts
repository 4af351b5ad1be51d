/** Gradient checks of networks that read sequences: embedding, recurrent cells, attention, CTC. */
import type { Primitive, PrimitiveAttrs } from "../../src/graph/primitives.ts";
import { Tensor } from "../../src/graph/tensor.ts";
import { ctcLoss, embedding, embeddingBag, scaledDotProductAttention } from "../../src/nn/index.ts";
import { type Cell, gru, lstm, plainCell } from "../../src/nn/sequences/cells.ts";
import { scan } from "../../src/nn/sequences/scan.ts";
import { type GradientCase, indices, input } from "./inputs.ts";

/** The outputs of one primitive as tensors. */
function outputs<P extends Primitive>(op: P, inputs: readonly Tensor[], attrs: PrimitiveAttrs[P]): Tensor[] {
  const { graph } = inputs[0];
  return graph
    .apply(
      op,
      inputs.map(({ value }) => value),
      attrs,
    )
    .map((value) => new Tensor(graph, value));
}

const embeddingGradients: readonly GradientCase[] = [
  {
    name: "embedding with repeated indices",
    covers: "embedding",
    build: ([weight, places]) => embedding(places, weight),
    inputs: [input(5, 3), indices([2, 4], [4, 1, 2, 1, 0, 4, 4, 2])],
  },
  ...(["sum", "mean"] as const).flatMap((mode): GradientCase[] => [
    {
      name: `embeddingBag ${mode} of rows`,
      covers: "embedding",
      build: ([weight, places]) => embeddingBag(places, weight, { mode, paddingIdx: -1 }),
      inputs: [input(5, 3), indices([2, 4], [4, 1, 2, 1, 0, 3, 4, 2])],
    },
    {
      name: `embeddingBag ${mode} by offsets`,
      covers: "embedding",
      build: ([weight, places, offsets]) => embeddingBag(places, weight, { mode, offsets }),
      inputs: [input(5, 3), indices([6], [4, 1, 1, 1, 0, 3]), indices([3], [0, 2, 2])],
    },
  ]),
];

const cellGradients: readonly GradientCase[] = [0, 2].flatMap((biases): GradientCase[] => [
  {
    name: `lstmCell with ${biases} biases`,
    covers: "lstmCell",
    build: (inputs) => {
      const [h, next] = outputs("lstmCell", inputs, {});
      return h.add(next.square());
    },
    inputs: [input(2, 12), input(2, 12), input(2, 3), ...Array.from({ length: biases }, () => input(12))],
  },
  {
    name: `gruCell with ${biases} biases`,
    covers: "gruCell",
    build: (inputs) => outputs("gruCell", inputs, {})[0],
    inputs: [input(2, 9), input(2, 9), input(2, 3), ...Array.from({ length: biases }, () => input(9))],
  },
]);

const attentionGradients: readonly GradientCase[] = [
  {
    name: "scaledDotProductAttention, causal",
    covers: "maskedSoftmax",
    build: ([q, k, v]) => scaledDotProductAttention(q, k, v, { causal: true }),
    inputs: [input(2, 4, 3), input(2, 5, 3), input(2, 5, 2)],
  },
  {
    name: "scaledDotProductAttention with two masks",
    covers: "maskedSoftmax",
    build: ([q, k, v, added, kept]) =>
      scaledDotProductAttention(q, k, v, { mask: [added, kept], scale: 0.7 }),
    inputs: [
      input(2, 4, 3),
      input(2, 5, 3),
      input(2, 5, 2),
      input(4, 5),
      indices([2, 1, 5], [1, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
    ],
  },
];

const ctcGradients: readonly GradientCase[] = (["none", "mean", "sum"] as const).map((reduction) => ({
  name: `ctcLoss ${reduction}`,
  covers: "ctcLoss",
  build: ([x, targets, inputLengths, targetLengths]) => {
    const logProbs = x.sub(
      x
        .exp()
        .sum({ axes: [2], keepDims: true })
        .log(),
    );
    return ctcLoss(logProbs, targets, { inputLengths, targetLengths }, { reduction });
  },
  inputs: [
    input(6, 3, 4),
    indices([3, 3], [1, 1, 2, 3, 2, 0, 3, 3, 3]),
    indices([3], [6, 4, 5]),
    indices([3], [3, 2, 0]),
  ],
}));

/** Whole layers: the walk back over the steps, with and without lengths, from both ends, with states and biases. */
const scanGradients: readonly GradientCase[] = (
  [
    ["lstm", lstm],
    ["gru", gru],
    ["tanh cell", plainCell("tanh")],
  ] as const
).flatMap(([name, cell]) =>
  [false, true].map((reverse): GradientCase => {
    const [features, hidden] = [3, 2];
    const rows = cell.gates * hidden;
    const states = cell.hasCellState ? [input(4, hidden), input(4, hidden)] : [input(4, hidden)];
    return {
      name: `${name} over 3 steps${reverse ? ", backwards, with lengths" : ""}`,
      covers: "matmul",
      build: ([x, active, weightIh, weightHh, bIh, bHh, ...initial]) => {
        const operands = { x, weightIh, weightHh, biases: [bIh, bHh], initial };
        return runScan(cell, operands, reverse ? { reverse, active } : { reverse });
      },
      inputs: [
        input(3, 4, features),
        {
          ...input(3, 4),
          values: Float64Array.of(1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1),
          differentiable: false,
        },
        input(rows, features),
        input(rows, hidden),
        input(rows),
        input(rows),
        ...states,
      ],
    };
  }),
);

/** Output and final states of one direction, joined. */
function runScan(
  cell: Cell,
  {
    x,
    weightIh,
    weightHh,
    biases,
    initial,
  }: Record<"x" | "weightIh" | "weightHh", Tensor> & Record<"biases" | "initial", readonly Tensor[]>,
  { reverse, active }: { readonly reverse: boolean; readonly active?: Tensor },
): Tensor {
  const { graph } = x;
  const operands = {
    x: x.value,
    weightIh: weightIh.value,
    weightHh: weightHh.value,
    biases: biases.map(({ value }) => value),
    initial: initial.map(({ value }) => value),
  };
  const options = active === undefined ? { reverse } : { reverse, active: active.value };
  const { output, final } = scan(graph, cell, operands, options);
  const states = final.map((state) => new Tensor(graph, state).reshape([-1]));
  return new Tensor(graph, output).reshape([-1]).concat(states);
}

export const sequenceGradients: readonly GradientCase[] = [
  ...embeddingGradients,
  ...cellGradients,
  ...attentionGradients,
  ...ctcGradients,
  ...scanGradients,
];
