/** Conformance cases of the operations that go by an index tensor or give one. */
import { elementCount } from "../../base/shape.ts";
import { integers, normals, stream } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

type Shape = readonly number[];

/** [x, axis, index]: first, middle and last axis, fewer places beside it, more along it, many and long rows. */
const GATHERS: readonly (readonly [Shape, number, Shape])[] = [
  [[13], 0, [29]],
  [[7, 19], 1, [7, 3]],
  [[7, 19], 0, [11, 19]],
  [[3, 5, 7], 1, [2, 9, 4]],
  [[170, 300], 1, [170, 40]],
  [[300, 170], 0, [64, 170]],
];

/** [x, axis, index] of whole slices: an embedding, another axis, single elements, an index of rank 0. */
const SELECTS: readonly (readonly [Shape, number, Shape])[] = [
  [[50, 16], 0, [4, 9]],
  [[5, 30, 7], 1, [11]],
  [[5, 6, 9], 2, [2, 3]],
  [[40], 0, [200]],
  [[3, 4], 1, []],
  [[900, 33], 0, [2000]],
];

export function indexingCases(): AnyOpRun[] {
  return [
    ...GATHERS.flatMap(([x, axis, shape], i): AnyOpRun[] => {
      const index = indices(shape, x[axis], 220 + i);
      const attrs = { axis };
      return [
        { op: "gather", attrs, inputs: [real(x, 230), index], outputs: [{ shape }] },
        { op: "gather", attrs, inputs: [whole(x, 231), index], outputs: [{ shape, dtype: "i32" }] },
        { op: "scatterAdd", attrs, inputs: [real(shape, 232), index], outputs: [{ shape: x }] },
      ];
    }),
    ...SELECTS.flatMap(([x, axis, shape], i): AnyOpRun[] => {
      const index = indices(shape, x[axis], 240 + i);
      const attrs = { axis };
      const y = [...x.slice(0, axis), ...shape, ...x.slice(axis + 1)];
      return [
        { op: "indexSelect", attrs, inputs: [real(x, 233), index], outputs: [{ shape: y }] },
        { op: "indexSelect", attrs, inputs: [whole(x, 234), index], outputs: [{ shape: y, dtype: "i32" }] },
        { op: "indexAdd", attrs, inputs: [real(y, 235), index], outputs: [{ shape: x }] },
      ];
    }),
    ...putCases(),
    ...orderCases(),
  ];
}

/** A row twice, rows that are none, more than one task; what is not touched is small integers, which all formats hold. */
function putCases(): AnyOpRun[] {
  const cases: readonly (readonly [Shape, readonly number[]])[] = [
    [
      [7, 5],
      [6, -1, 2, 7, 6, 0],
    ],
    [[9], [3, 3, 8]],
    [[300, 3, 67], Array.from(integers(150, 236, 300))],
    [
      [4, 900],
      [1, 3],
    ],
  ];
  return cases.flatMap(([shape, rows], i) => {
    const values = real([rows.length, ...shape.slice(1)], 238 + i);
    const w: OpInput = { shape, values: integers(elementCount(shape), 237, 3) };
    const inputs = [w, { shape: [rows.length], values: rows, dtype: "i32" as const }, values];
    return [{ shape, inPlaceOf: 0 }, { shape }].map(
      (output): AnyOpRun => ({ op: "putRows", attrs: {}, inputs, outputs: [output] }),
    );
  });
}

function orderCases(): AnyOpRun[] {
  const cases: readonly (readonly [Shape, number, number])[] = [
    [[31], 0, 31],
    [[31], 0, 4],
    [[5, 40], 1, 7],
    [[40, 5], 0, 3],
    [[3, 9, 4], 1, 9],
    [[64, 700], 1, 700],
  ];
  return cases.flatMap(([shape, axis, k]) =>
    [true, false].flatMap((largest): AnyOpRun[] => {
      // Few distinct values and some NaN, so that the order of equals shows.
      const values = Float32Array.from(integers(elementCount(shape), 250, 4), (x, i) =>
        i % 13 === 5 ? Number.NaN : x,
      );
      const kept = shape.map((size, a) => (a === axis ? k : size));
      const one = shape.map((size, a) => (a === axis ? 1 : size));
      const attrs = { axis, largest };
      return [values, normals(values.length, 251)].flatMap((numbers): AnyOpRun[] => {
        const inputs = [{ shape, values: numbers }];
        const outputs = [{ shape: kept }, { shape: kept, dtype: "i32" as const }];
        return [
          { op: "topK", attrs, inputs, outputs },
          { op: "argReduce", attrs, inputs, outputs: [{ shape: one, dtype: "i32" }] },
        ];
      });
    }),
  );
}

/** Mostly inside [0, size), every index several times, and some on both sides beyond it. */
function indices(shape: Shape, size: number, id: number): OpInput {
  const random = stream(id);
  const values = Int32Array.from({ length: elementCount(shape) }, (_, i) =>
    i % 17 === 3 ? [-1, size, 2 ** 31 - 1][i % 3] : random.below(size),
  );
  return { shape, values, dtype: "i32" };
}

function real(shape: Shape, id: number): OpInput {
  return { shape, values: normals(elementCount(shape), id) };
}

function whole(shape: Shape, id: number): OpInput {
  const values = Int32Array.from(normals(elementCount(shape), id), (x) => Math.round(x * 2 ** 28));
  return { shape, values, dtype: "i32" };
}
