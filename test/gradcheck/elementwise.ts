/** Gradient checks of operations that treat every element alone. */
import { Tensor } from "../../src/graph/tensor.ts";
import { BINARY_KINDS, UNARY_KINDS, type UnaryKind } from "../../src/kernels/contract.ts";
import { type GradientCase, input, positive } from "./inputs.ts";

const NEEDS_POSITIVE: ReadonlySet<UnaryKind> = new Set(["sqrt", "rsqrt", "log", "reciprocal"]);

export const elementwiseGradients: readonly GradientCase[] = [
  ...UNARY_KINDS.map(
    (kind): GradientCase => ({
      name: `unary ${kind}`,
      covers: "unary",
      build: ([x]: Tensor[]) => x[kind](),
      inputs: [NEEDS_POSITIVE.has(kind) ? positive(input(3, 5)) : input(3, 5)],
    }),
  ),
  ...BINARY_KINDS.flatMap((kind) =>
    [
      [
        [2, 3, 5],
        [2, 3, 5],
      ],
      [[2, 3, 5], [5]],
      [
        [3, 1],
        [2, 1, 7],
      ],
    ].map(
      ([a, b]): GradientCase => ({
        name: `binary ${kind} [${a.join()}] [${b.join()}]`,
        covers: "binary",
        build: ([x, y]: Tensor[]) => x[kind](y),
        inputs: [input(...a), kind === "div" ? positive(input(...b)) : input(...b)],
      }),
    ),
  ),
  { name: "affine", covers: "affine", build: ([x]) => x.affine(-1.5, 0.25), inputs: [input(7)] },
  {
    name: "copy",
    covers: "copy",
    build: ([x]) => new Tensor(x.graph, x.graph.apply("copy", [x.value], {})[0]).square(),
    inputs: [input(5)],
  },
  {
    name: "fill",
    covers: "fill",
    build: ([x]) => x.mul(new Tensor(x.graph, x.graph.apply("fill", [], { value: 3, shape: [5] })[0])),
    inputs: [input(5)],
  },
];
