/** Gradient checks of operations that repeat, cut or move elements. */
import { type GradientCase, input } from "./inputs.ts";

export const movementGradients: readonly GradientCase[] = [
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
  {
    name: "slice with steps, forwards and backwards",
    covers: "slice",
    build: ([x]) => x.slice([{ start: 1, step: 2 }, undefined, { step: -3 }]),
    inputs: [input(5, 2, 8)],
  },
  {
    name: "pad with a constant, one side cut",
    covers: "place",
    build: ([x]) =>
      x.pad(
        [
          [1, 2],
          [0, -1],
        ],
        { value: 3 },
      ),
    inputs: [input(3, 5)],
  },
  {
    name: "concat of a tensor with a part of itself",
    covers: "concat",
    build: ([x, y]) => x.concat([y, x.narrow(1, 1, 2)], 1),
    inputs: [input(3, 5, 2), input(3, 1, 2)],
  },
  ...(["reflect", "replicate", "circular"] as const).map(
    (mode): GradientCase => ({
      name: `pad ${mode}`,
      covers: "padEdge",
      build: ([x]) => x.pad([undefined, [2, 1], [0, 3]], { mode }),
      inputs: [input(2, 3, 4)],
    }),
  ),
];
