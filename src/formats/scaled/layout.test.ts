/** Which elements share a scale: counted out by hand, and against a walk over the axes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockGroups, type Groups, sliceGroups } from "./layout.ts";

const groupsOfAll = ({ of }: Groups, elements: number) => Array.from({ length: elements }, (_, i) => of(i));

describe("blocks", () => {
  it("of one row run along the last axis, the last one shorter", () => {
    const groups = blockGroups(10, { shape: [2, 5] }, { rows: 1, columns: 2 });
    expect(groups.count).toBe(6);
    expect(groupsOfAll(groups, 10)).toEqual([0, 0, 1, 1, 2, 3, 3, 4, 4, 5]);
  });

  it("run along any axis; the scales keep the order of the axes", () => {
    const groups = blockGroups(12, { shape: [3, 2, 2], blockAxis: 0 }, { rows: 1, columns: 2 });
    // Scales have the shape 2 × 2 × 2.
    expect(groups.count).toBe(8);
    expect(groupsOfAll(groups, 12)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7]);
    expect(
      groupsOfAll(blockGroups(12, { shape: [3, 2, 2], blockAxis: -3 }, { rows: 1, columns: 2 }), 12),
    ).toEqual(groupsOfAll(groups, 12));
  });

  it("are tiles over two axes, cut off at both ends", () => {
    const groups = blockGroups(15, { shape: [3, 5] }, { rows: 2, columns: 2 });
    expect(groups.count).toBe(6);
    expect(groupsOfAll(groups, 15)).toEqual([0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5]);
  });

  it("agree with a walk over the axes, for any shape", () => {
    const anyShape = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 });
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(anyShape, fc.nat(9), size, size, (shape, pick, rows, columns) => {
        const blockAxis = 1 + (pick % (shape.length - 1));
        const elements = shape.reduce((a, b) => a * b, 1);
        const { count, of } = blockGroups(elements, { shape, blockAxis }, { rows, columns });
        const divisors = shape.map((_, axis) =>
          axis === blockAxis ? columns : axis === blockAxis - 1 ? rows : 1,
        );
        const scaleShape = shape.map((length, axis) => Math.ceil(length / divisors[axis]));
        expect(count).toBe(scaleShape.reduce((a, b) => a * b, 1));
        for (let element = 0; element < elements; element++) {
          const index = shape.map((length, axis) => {
            const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
            return Math.floor(element / stride) % length;
          });
          const expected = index.reduce(
            (flat, at, axis) => flat * scaleShape[axis] + Math.floor(at / divisors[axis]),
            0,
          );
          expect(of(element)).toBe(expected);
        }
      }),
    );
  });

  it("of an empty tensor are none", () => {
    expect(blockGroups(0, {}, { rows: 1, columns: 32 }).count).toBe(0);
    expect(blockGroups(0, { shape: [4, 0] }, { rows: 1, columns: 32 }).count).toBe(0);
  });

  it("refuse shapes and axes that do not fit", () => {
    const block = { rows: 1, columns: 32 };
    for (const shape of [[3, 5], [], [-2, -7], [14.0001], [Number.NaN]])
      expect(() => blockGroups(14, { shape }, block)).toThrow(
        /shape does not fit the number of elements.*14/,
      );
    for (const blockAxis of [2, -3, 0.5])
      expect(() => blockGroups(14, { shape: [2, 7], blockAxis }, block)).toThrow(
        /block axis is out of range/,
      );
    for (const layout of [{ shape: [14] }, { shape: [2, 7], blockAxis: 0 }])
      expect(() => blockGroups(14, layout, { rows: 16, columns: 16 })).toThrow(
        /need an axis before the block axis/,
      );
  });
});

describe("slices", () => {
  it("are the tensor, or one for each index of an axis", () => {
    expect(sliceGroups(6, { shape: [2, 3] }).count).toBe(1);
    const rule = "symmetric";
    const rows = sliceGroups(6, { shape: [2, 3], scaling: { rule, axis: 0 } });
    expect([rows.count, groupsOfAll(rows, 6)]).toEqual([2, [0, 0, 0, 1, 1, 1]]);
    const columns = sliceGroups(6, { shape: [2, 3], scaling: { rule, axis: -1 } });
    expect([columns.count, groupsOfAll(columns, 6)]).toEqual([3, [0, 1, 2, 0, 1, 2]]);
    expect(() => sliceGroups(6, { shape: [2, 3], scaling: { rule, axis: 2 } })).toThrow(/axis of the scales/);
  });
});
