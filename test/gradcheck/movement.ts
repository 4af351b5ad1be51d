/** Gradient checks of operations that add up, repeat or move elements. */
import { type GradientCase, input } from "./inputs.ts";

export const movementGradients: readonly GradientCase[] = [
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
  {
    name: "broadcastTo",
    covers: "broadcastTo",
    build: ([x]) => x.broadcastTo([4, 3, 5]),
    inputs: [input(3, 1)],
  },
  {
    name: "transpose",
    covers: "transpose",
    build: ([x]) => x.transpose([2, 0, 1]),
    inputs: [input(2, 3, 5)],
  },
  {
    name: "reshape",
    covers: "reshape",
    build: ([x]) => x.reshape([5, 6]).square(),
    inputs: [input(2, 3, 5)],
  },
];
