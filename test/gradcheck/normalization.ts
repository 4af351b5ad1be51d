/** Gradient checks of normalisations. */
import { Tensor } from "../../src/graph/tensor.ts";
import { groupNorm, instanceNorm, layerNorm, localResponseNorm, rmsNorm } from "../../src/nn/index.ts";
import { type GradientCase, input, positive } from "./inputs.ts";

export const normalizationGradients: readonly GradientCase[] = [
  {
    name: "batchNormTrain",
    covers: "batchNormTrain",
    build: ([x, w, b, mean, variance]) =>
      new Tensor(
        x.graph,
        x.graph.apply(
          "batchNormTrain",
          [x, w, b, mean, variance].map((t) => t.value),
          { eps: 1e-5, momentum: 0.1 },
        )[0],
      ),
    inputs: [
      input(2, 3, 3, 5),
      input(5),
      input(5),
      { ...input(5), differentiable: false },
      { ...positive(input(5)), differentiable: false },
    ],
  },
  ...[
    { name: "layerNorm [5]", build: ([x, w, b]: Tensor[]) => layerNorm(x, [5], { weight: w, bias: b }) },
    { name: "groupNorm 1", build: ([x, w, b]: Tensor[]) => groupNorm(x, 1, { weight: w, bias: b }) },
    { name: "instanceNorm", build: ([x, w, b]: Tensor[]) => instanceNorm(x, { weight: w, bias: b }) },
    { name: "rmsNorm [5]", build: ([x, w]: Tensor[]) => rmsNorm(x, [5], { weight: w }) },
  ].map(
    (entry): GradientCase => ({
      ...entry,
      covers: "groupNorm",
      inputs: [input(2, 3, 3, 5), input(5), input(5)],
    }),
  ),
  {
    name: "layerNorm [3, 5]",
    covers: "groupNorm",
    build: ([x, w, b]) => layerNorm(x, [3, 5], { weight: w, bias: b }),
    inputs: [input(3, 3, 5), input(3, 5), input(3, 5)],
  },
  {
    name: "layerNorm without parameters",
    covers: "groupNorm",
    build: ([x]) => layerNorm(x, [7]),
    inputs: [input(3, 7)],
  },
  {
    name: "groupNorm 3",
    covers: "groupNorm",
    build: ([x, w, b]) => groupNorm(x, 3, { weight: w, bias: b }),
    inputs: [input(2, 3, 3, 6), input(6), input(6)],
  },
  ...[
    { size: 5, alpha: 0.3, beta: 0.75, k: 2 },
    { size: 2, alpha: 1, beta: 1.5, k: 1 },
    { size: 9, alpha: 0.01, beta: 0.5, k: 0.1 },
  ].map(
    ({ size, ...options }): GradientCase => ({
      name: `localResponseNorm ${size} ${JSON.stringify(options)}`,
      covers: "localResponseNorm",
      build: ([x]: Tensor[]) => localResponseNorm(x, size, options),
      inputs: [input(2, 3, 7)],
    }),
  ),
];
