/** Conformance cases of resampling: larger, smaller, unequal, from and to one pixel, a scale that is not the ratio of sizes. */
import { elementCount } from "../../base/shape.ts";
import { INTERPOLATIONS, type ResampleAttrs } from "../contract.ts";
import { normals } from "./data.ts";
import type { AnyOpRun } from "./run-op.ts";

/** [x NHWC, output rows and columns]. */
const SIZES = [
  [
    [2, 4, 3, 5],
    [8, 6],
  ],
  [
    [1, 5, 7, 3],
    [3, 11],
  ],
  [
    [2, 1, 6, 17],
    [4, 1],
  ],
  [
    [1, 9, 8, 1040],
    [10, 3],
  ],
  [
    [1, 7, 5, 1],
    [7, 5],
  ],
] as const;

export function resampleCases(): AnyOpRun[] {
  const modes = [
    ...INTERPOLATIONS.map((interpolation) => ({ interpolation, alignCorners: false })),
    { interpolation: "bilinear", alignCorners: true } as const,
  ];
  const scaled: AnyOpRun[] = SIZES.flatMap(([x, size]) =>
    modes.flatMap((mode) => {
      const scale = (from: number, to: number) =>
        mode.alignCorners ? (from - 1) / Math.max(1, to - 1) : from / to;
      return resampleRuns(x, size, { ...mode, scaleH: scale(x[1], size[0]), scaleW: scale(x[2], size[1]) });
    }),
  );
  const oblique = {
    interpolation: "bilinear",
    alignCorners: false,
    scaleH: 1 / 1.7,
    scaleW: 1 / 2.3,
  } as const;
  return [...scaled, ...resampleRuns([2, 5, 4, 3], [8, 9], oblique)];
}

function resampleRuns(
  x: readonly number[],
  [height, width]: readonly [number, number],
  attrs: ResampleAttrs,
): AnyOpRun[] {
  const y = [x[0], height, width, x[3]];
  const real = (shape: readonly number[], id: number) => ({
    shape,
    values: normals(elementCount(shape), id),
  });
  return [
    { op: "resample2d", attrs, inputs: [real(x, 180)], outputs: [{ shape: y }] },
    { op: "resample2dGrad", attrs, inputs: [real(y, 181)], outputs: [{ shape: x }] },
  ];
}
