/** Gradient checks of operations that treat every element alone. */
import { Tensor } from "../../src/graph/tensor.ts";
import { BINARY_KINDS, UNARY_KINDS, type UnaryKind } from "../../src/kernels/contract.ts";
import { type GradientCase, input, positive } from "./inputs.ts";

const NEEDS_POSITIVE: ReadonlySet<UnaryKind> = new Set([
  "sqrt",
  "rsqrt",
  "log",
  "log1p",
  "reciprocal",
  "pow",
]);

/** Any parameters will do, as long as they are no kinks of the inputs. */
const [ALPHA, BETA] = [0.7, 1.3];

export const elementwiseGradients: readonly GradientCase[] = [
  ...UNARY_KINDS.map(
    (kind): GradientCase => ({
      name: `unary ${kind}`,
      covers: "unary",
      build: ([x]: Tensor[]) =>
        new Tensor(x.graph, x.graph.apply("unary", [x.value], { kind, alpha: ALPHA, beta: BETA })[0]),
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
        inputs: [
          kind === "pow" ? positive(input(...a)) : input(...a),
          kind === "div" ? positive(input(...b)) : input(...b),
        ],
      }),
    ),
  ),
  {
    name: "where",
    covers: "where",
    build: ([x, y]) => x.where(x.gt(0), y.square()).add(y.maskedFill(x.lt(-1), 2)),
    inputs: [input(3, 5), input(2, 1, 5)],
  },
  {
    name: "arange and cast",
    covers: "arange",
    build: ([x]) => {
      const { graph } = x;
      const [positions] = graph.apply("arange", [], { start: 2, step: 3, shape: [5], dtype: "i32" });
      return x.mul(new Tensor(graph, positions).cast("f32"));
    },
    inputs: [input(4, 5)],
  },
  {
    name: "cast is a step",
    covers: "cast",
    build: ([x]) => x.mul(x.cast("i32").cast("f32")),
    inputs: [positive(input(7))],
  },
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
