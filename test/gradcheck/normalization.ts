/** Gradient checks of normalisations. */
import { Tensor } from "../../src/graph/tensor.ts";
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
];
