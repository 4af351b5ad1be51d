/** Conformance cases of the operations that repeat, cut or move elements, of real numbers and of integers. */
import { elementCount } from "../../base/shape.ts";
import { PAD_MODES } from "../contract.ts";
import { normals } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

type Shape = readonly number[];

/** [from, perm]: matrices, batches of matrices, whole rows moved, and long enough for several tiles and threads. */
const TRANSPOSES: readonly (readonly [Shape, Shape])[] = [
  [
    [13, 37],
    [1, 0],
  ],
  [
    [3, 5, 7],
    [2, 0, 1],
  ],
  [
    [3, 5, 7],
    [0, 2, 1],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 2, 0],
  ],
  [
    [2, 9, 11, 6],
    [0, 3, 1, 2],
  ],
  [
    [2, 33, 4, 16],
    [0, 2, 1, 3],
  ],
  [
    [170, 300],
    [1, 0],
  ],
  [
    [2, 3, 2, 3, 2, 5],
    [0, 1, 3, 5, 2, 4],
  ],
  [
    [2, 2, 2, 3, 2, 2, 3, 2],
    [7, 0, 6, 1, 5, 2, 4, 3],
  ],
];

/** [x, starts, steps, part]: rows, columns, backwards, steps, several blocks, rank 0. */
const SLICES: readonly (readonly [Shape, Shape, Shape, Shape])[] = [
  [[1031], [3], [1], [1000]],
  [
    [7, 19],
    [2, 0],
    [1, 1],
    [3, 19],
  ],
  [
    [7, 19],
    [0, 5],
    [1, 1],
    [7, 9],
  ],
  [
    [7, 19],
    [6, 18],
    [-1, -1],
    [7, 19],
  ],
  [
    [5, 9, 11],
    [0, 8, 1],
    [2, -3, 4],
    [3, 3, 3],
  ],
  [
    [70, 300],
    [1, 2],
    [1, 1],
    [68, 290],
  ],
  [[], [], [], []],
];

export function movementCases(): AnyOpRun[] {
  const broadcasts = [
    [[7], [3, 5, 7]],
    [
      [3, 1, 7],
      [3, 5, 7],
    ],
    [
      [3, 1, 1],
      [3, 5, 7],
    ],
    [[], [3, 5]],
    [
      [6, 1, 4, 1],
      [6, 50, 4, 30],
    ],
  ] as const;
  const real = [
    ...broadcasts.map(([from, shape]): AnyOpRun => {
      return { op: "broadcastTo", attrs: {}, inputs: [input(from, 22)], outputs: [{ shape }] };
    }),
    ...TRANSPOSES.map(([from, perm]): AnyOpRun => {
      const outputs = [{ shape: perm.map((axis) => from[axis]) }];
      return { op: "transpose", attrs: { perm }, inputs: [input(from, 23)], outputs };
    }),
    ...SLICES.map(([x, starts, steps, shape]): AnyOpRun => {
      return { op: "slice", attrs: { starts, steps }, inputs: [input(x, 200)], outputs: [{ shape }] };
    }),
    ...SLICES.map(([y, starts, steps, shape]): AnyOpRun => {
      const attrs = { value: -1.5, starts, steps };
      return { op: "place", attrs, inputs: [input(shape, 201)], outputs: [{ shape: y }] };
    }),
    ...concatCases(),
  ];
  return [...real, ...real.map(ofIntegers), ...padEdgeCases()];
}

function concatCases(): AnyOpRun[] {
  const shapes: readonly (readonly [number, ...Shape[]])[] = [
    [0, [1031]],
    [0, [3, 5], [4, 5], [1, 5]],
    [1, [3, 5], [3, 1], [3, 7]],
    [1, [2, 3, 4], [2, 5, 4]],
    [2, [9, 2, 30], [9, 2, 500], [9, 2, 700]],
  ];
  return shapes.map(([axis, ...parts]) => {
    const size = parts.reduce((sum, part) => sum + part[axis], 0);
    const shape = parts[0].map((old, a) => (a === axis ? size : old));
    const inputs = parts.map((part, i) => input(part, 202 + i));
    return { op: "concat", attrs: { axis }, inputs, outputs: [{ shape }] };
  });
}

function padEdgeCases(): AnyOpRun[] {
  const cases: readonly (readonly [Shape, number, number, number])[] = [
    [[7], 0, 3, 2],
    [[3, 6, 5], 1, 5, 4],
    [[4, 5], 1, 0, 3],
    [[2, 40, 33], 1, 2, 2],
  ];
  return cases.flatMap(([x, axis, before, after]) =>
    PAD_MODES.flatMap((mode): AnyOpRun[] => {
      const attrs = { axis, before, mode };
      const y = x.map((size, a) => (a === axis ? size + before + after : size));
      return [
        { op: "padEdge", attrs, inputs: [input(x, 210)], outputs: [{ shape: y }] },
        { op: "padEdgeGrad", attrs, inputs: [input(y, 211)], outputs: [{ shape: x }] },
      ];
    }),
  );
}

/** The same move of integers that FP32 does not hold. */
function ofIntegers(run: AnyOpRun): AnyOpRun {
  const inputs = run.inputs.map(({ shape, values }): OpInput => {
    return { shape, values: Int32Array.from(values, (x) => Math.round(x * 2 ** 28)), dtype: "i32" };
  });
  const attrs = run.op === "place" ? { ...run.attrs, value: -7 } : run.attrs;
  return { ...run, attrs, inputs, outputs: [{ shape: run.outputs[0].shape, dtype: "i32" }] } as AnyOpRun;
}

function input(shape: Shape, id: number): OpInput {
  return { shape, values: normals(elementCount(shape), id) };
}
