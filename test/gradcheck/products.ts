/** Gradient checks of matrix products and convolutions. */
import { convAttrs, Tensor } from "../../src/graph/tensor.ts";
import { conv1d, conv2d, convTranspose1d, convTranspose2d } from "../../src/nn/index.ts";
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
  ...[
    { options: {}, w: [3, 3, 3, 4] },
    { options: { stride: 2, padding: 1, outputPadding: 1 }, w: [3, 4, 4, 2] },
    {
      options: { stride: [3, 2], padding: [0, 2], outputPadding: [2, 0], dilation: [1, 2] },
      w: [3, 2, 3, 5],
    },
    { options: { groups: 3, stride: 2 }, w: [3, 3, 2, 2] },
  ].map(
    ({ options, w }): GradientCase => ({
      name: `convTranspose2d [${w.join()}] ${JSON.stringify(options)}`,
      covers: "conv2dGradInput",
      build: ([x, weight]: Tensor[]) =>
        convTranspose2d(x, weight, options as Parameters<typeof convTranspose2d>[2]),
      inputs: [input(2, 3, 4, 3), input(...w)],
    }),
  ),
  {
    name: "conv1d",
    covers: "conv2d",
    build: ([x, w, bias]) => conv1d(x, w, { stride: 2, padding: 2, dilation: 2, bias }),
    inputs: [input(2, 9, 4), input(3, 3, 4), input(3)],
  },
  {
    name: "conv2d same",
    covers: "conv2d",
    build: ([x, w]) => conv2d(x, w, { padding: "same", dilation: [1, 2] }),
    inputs: [input(2, 5, 4, 2), input(3, 3, 2, 2)],
  },
  {
    name: "convTranspose1d",
    covers: "conv2dGradInput",
    build: ([x, w, bias]) => convTranspose1d(x, w, { stride: 3, padding: 1, outputPadding: 2, bias }),
    inputs: [input(2, 4, 3), input(3, 4, 2), input(2)],
  },
  {
    name: "conv2dGradWeight",
    covers: "conv2dGradWeight",
    build: ([gy, x]) => {
      const attrs = { ...convAttrs({ stride: 2, padding: 1 }), shape: [4, 3, 3, 3] };
      return new Tensor(gy.graph, gy.graph.apply("conv2dGradWeight", [gy.value, x.value], attrs)[0]);
    },
    inputs: [input(2, 4, 3, 4), input(2, 7, 6, 3)],
  },
];
