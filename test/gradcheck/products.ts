/** Gradient checks of matrix products and convolutions. */
import type { Tensor } from "../../src/graph/tensor.ts";
import { type GradientCase, input } from "./inputs.ts";

export const productGradients: readonly GradientCase[] = [
  ...[false, true].flatMap((transA) =>
    [false, true].map(
      (transB): GradientCase => ({
        name: `matmul ${transA ? "aᵀ" : "a"}·${transB ? "bᵀ" : "b"}`,
        covers: "matmul",
        build: ([a, b]: Tensor[]) => a.matmul(b, { transA, transB }),
        inputs: [transA ? input(5, 3) : input(3, 5), transB ? input(7, 5) : input(5, 7)],
      }),
    ),
  ),
  {
    name: "matmul batched",
    covers: "matmul",
    build: ([a, b]) => a.matmul(b),
    inputs: [input(2, 3, 5), input(2, 5, 4)],
  },
  {
    name: "matmul shared b",
    covers: "matmul",
    build: ([a, b]) => a.matmul(b),
    inputs: [input(2, 3, 5), input(5, 4)],
  },
  ...[
    { options: { padding: 1 }, w: [4, 3, 3, 3] },
    { options: { stride: 2, padding: 1 }, w: [4, 3, 3, 3] },
    { options: { stride: [2, 1], padding: [2, 0] }, w: [2, 5, 1, 3] },
    { options: { dilation: 2, padding: 2 }, w: [4, 3, 3, 3] },
    { options: { groups: 3, padding: 1 }, w: [6, 3, 3, 1] },
    { options: { stride: 3 }, w: [4, 1, 1, 3] },
  ].map(
    ({ options, w }): GradientCase => ({
      name: `conv2d [${w.join()}] ${JSON.stringify(options)}`,
      covers: "conv2d",
      build: ([x, weight]: Tensor[]) => x.conv2d(weight, options as Parameters<Tensor["conv2d"]>[1]),
      inputs: [input(2, 7, 6, 3), input(...w)],
    }),
  ),
];
