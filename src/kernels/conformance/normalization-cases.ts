/** Conformance cases of group, layer, instance, RMS and local response norm: odd sizes, every number of groups. */
import { elementCount } from "../../base/shape.ts";
import type { GroupNormAttrs } from "../contract/normalization.ts";
import { normals, uniforms } from "./data.ts";
import type { AnyOpRun, OpInput } from "./run-op.ts";

/** [x, groups]: rows (layer norm), longer than a block, images, instance norm, one group, many images, one row. */
const GROUPED: readonly (readonly [readonly number[], number])[] = [
  [[7, 12], 1],
  [[3, 1031], 1],
  [[2, 2600], 1],
  [[300, 65], 1],
  [[5, 12], 4],
  [[2, 5, 7, 6], 3],
  [[2, 5, 7, 6], 1],
  [[3, 4, 4, 5], 5],
  [[2, 9, 130], 2],
  [[2, 3, 2060], 2],
  [[40, 2, 2, 96], 8],
  [[1, 33, 31, 48], 48],
];

export function groupNormCases(): AnyOpRun[] {
  return GROUPED.flatMap(([shape, groups]) =>
    [true, false].flatMap((centered) => groupNormRuns(shape, { groups, eps: 1e-5, centered })),
  );
}

function groupNormRuns(shape: readonly number[], attrs: GroupNormAttrs): AnyOpRun[] {
  const channels = [shape[shape.length - 1]];
  const perGroup = [shape[0], attrs.groups];
  const x = { shape, values: normals(elementCount(shape), 160).map((value) => 3 * value + 1.5) };
  const weight = real(channels, 161);
  const mean = {
    shape: perGroup,
    values: attrs.centered ? normals(elementCount(perGroup), 163) : zeros(perGroup),
  };
  const spread = { shape: perGroup, values: uniforms(elementCount(perGroup), 164, 0.5, 2) };
  return [
    {
      op: "groupNorm",
      attrs,
      inputs: [x, weight, real(channels, 162)],
      outputs: [{ shape }, { shape: perGroup }, { shape: perGroup }],
    },
    {
      op: "groupNormGrad",
      attrs,
      inputs: [real(shape, 165), x, weight, mean, spread],
      outputs: [{ shape }, { shape: channels }, { shape: channels }],
    },
  ];
}

export function localResponseNormCases(): AnyOpRun[] {
  const attrs = [
    { size: 5, alpha: 1e-4, beta: 0.75, k: 2 },
    { size: 4, alpha: 0.7, beta: 0.75, k: 1 },
    { size: 1, alpha: 1, beta: 0.5, k: 0.3 },
    { size: 9, alpha: 2, beta: 1.3, k: 1 },
  ];
  const shapes = [
    [2, 3, 5, 7],
    [3, 1100],
    [4, 1],
    [5, 6, 96],
  ];
  return attrs.flatMap((attrs) =>
    shapes.flatMap((shape): AnyOpRun[] => {
      const x = real(shape, 166);
      return [
        { op: "localResponseNorm", attrs, inputs: [x], outputs: [{ shape }] },
        { op: "localResponseNormGrad", attrs, inputs: [real(shape, 167), x], outputs: [{ shape }] },
      ];
    }),
  );
}

function real(shape: readonly number[], id: number): OpInput {
  return { shape, values: normals(elementCount(shape), id) };
}

function zeros(shape: readonly number[]): Float32Array {
  return new Float32Array(elementCount(shape));
}
