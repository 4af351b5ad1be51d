/** Gradient checks of operations that combine the elements along axes. */
import { type GradientCase, input } from "./inputs.ts";

const AXES = [[1], [0, 2], [0, 1, 2]];

export const reductionGradients: readonly GradientCase[] = [
  {
    name: "sum over the middle",
    covers: "reduceSum",
    build: ([x]) => x.sum({ axes: [1] }),
    inputs: [input(2, 3, 5)],
  },
  {
    name: "mean over [1, 2]",
    covers: "reduceSum",
    build: ([x]) => x.mean({ axes: [1, 2] }),
    inputs: [input(2, 3, 3, 2)],
  },
  ...AXES.flatMap((axes): GradientCase[] => [
    {
      name: `amax ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.amax({ axes }),
      inputs: [input(2, 3, 5)],
    },
    {
      name: `amin ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.amin({ axes }),
      inputs: [input(2, 3, 5)],
    },
    {
      name: `prod ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.prod({ axes }),
      inputs: [input(2, 3, 2)],
    },
    {
      name: `logSumExp ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.logSumExp({ axes, keepDims: true }),
      inputs: [input(2, 3, 5)],
    },
    {
      name: `norm1 ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.norm({ p: 1, axes }),
      inputs: [input(2, 3, 5)],
    },
    {
      name: `norm2 ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.norm({ axes }),
      inputs: [input(2, 3, 5)],
    },
    {
      name: `variance ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.variance({ axes }),
      inputs: [input(2, 3, 5)],
    },
    {
      name: `std ${axes.join()}`,
      covers: "reduce",
      build: ([x]) => x.std({ axes, correction: 0 }),
      inputs: [input(2, 3, 5)],
    },
  ]),
  ...[0, 1, -1].flatMap((axis): GradientCase[] => [
    { name: `softmax ${axis}`, covers: "softmax", build: ([x]) => x.softmax(axis), inputs: [input(2, 3, 5)] },
    {
      name: `logSoftmax ${axis}`,
      covers: "softmax",
      build: ([x]) => x.logSoftmax(axis),
      inputs: [input(2, 3, 5)],
    },
    { name: `cumsum ${axis}`, covers: "cumsum", build: ([x]) => x.cumsum(axis), inputs: [input(2, 3, 5)] },
  ]),
];
