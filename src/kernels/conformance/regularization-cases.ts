/** Conformance cases of random masks: rates at both ends, shared draws, lengths that are no multiple of four. */
import { elementCount } from "../../base/shape.ts";
import { normals } from "./data.ts";
import type { AnyOpRun } from "./run-op.ts";

/** [shape, positions that share a draw]. */
const MASKED: readonly (readonly [readonly number[], number])[] = [
  [[1031], 1],
  [[3, 5, 7], 1],
  [[70, 1001], 1],
  [[3, 5, 7, 6], 35],
  [[2, 33, 31, 3], 33 * 31],
  [[2, 3, 1030], 3],
];

export function dropoutCases(): AnyOpRun[] {
  return MASKED.flatMap(([shape, positions], i) =>
    [0, 0.1, 0.5, 1].map((rate): AnyOpRun => {
      const values = normals(elementCount(shape), 170 + i);
      values.set([Number.NaN, Infinity], 4);
      return {
        op: "dropout",
        attrs: { rate, positions, tensorId: 3 + i },
        inputs: [{ shape, values }],
        outputs: [{ shape }],
        clock: [5, 6, 7],
      };
    }),
  );
}
