/** Gradient checks of operations that go by an index tensor. */
import type { CheckedInput } from "../../src/autodiff/gradcheck.ts";
import { type GradientCase, input, labels } from "./inputs.ts";

const index = (shape: number[], ...values: number[]): CheckedInput => ({ ...labels(...values), shape });

export const indexingGradients: readonly GradientCase[] = [
  {
    name: "gather",
    covers: "gather",
    build: ([x, at]) => x.gather(1, at),
    inputs: [input(3, 5), index([2, 3], 0, 4, 4, 2, 2, 2)],
  },
  {
    name: "scatterAdd",
    covers: "scatterAdd",
    build: ([x, source, at]) => x.scatterAdd(0, at, source).square(),
    inputs: [input(4, 3), input(2, 3), index([2, 3], 0, 3, 1, 0, 2, 1)],
  },
  {
    name: "indexSelect",
    covers: "indexSelect",
    build: ([x, at]) => x.indexSelect(1, at),
    inputs: [input(2, 5, 3), index([2, 2], 4, 0, 4, 1)],
  },
  {
    name: "indexAdd",
    covers: "indexAdd",
    build: ([x, source, at]) => x.indexAdd(0, at, source).square(),
    inputs: [input(4, 3), input(5, 3), index([5], 0, 3, 3, 0, 2)],
  },
  {
    name: "topK",
    covers: "topK",
    build: ([x]) => x.topK(3, { axis: 1 }).values,
    inputs: [input(2, 7, 3)],
  },
  {
    name: "max beside argmax",
    covers: "argReduce",
    build: ([x]) => x.max(1).values.mul(x.argmin(1).cast("f32")),
    inputs: [input(3, 6)],
  },
];
