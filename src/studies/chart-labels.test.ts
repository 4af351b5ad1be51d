/** Checks that labels stay apart, in order and inside, and that they move no more than they must. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spreadLabels } from "./chart-labels.ts";

describe("spreadLabels", () => {
  it("leaves labels that do not touch where they are", () => {
    expect(spreadLabels([100, 20, 60], 14, [0, 200])).toEqual([100, 20, 60]);
  });

  it("spreads a cluster around its middle, and keeps it inside", () => {
    expect(spreadLabels([50, 50, 50], 10, [0, 200])).toEqual([40, 50, 60]);
    expect(spreadLabels([2, 3], 10, [0, 200])).toEqual([0, 10]);
    expect(spreadLabels([199, 200], 10, [0, 200])).toEqual([190, 200]);
  });

  it("shrinks the distance when there is no room", () => {
    expect(spreadLabels([0, 0, 0], 100, [0, 60])).toEqual([0, 30, 60]);
    expect(spreadLabels([], 10, [0, 60])).toEqual([]);
  });

  it("never overlaps, never leaves the frame, never swaps", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 15 }), (wanted) => {
        const placed = spreadLabels(wanted, 14, [0, 300]);
        const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
        order.forEach((index, i) => {
          expect(placed[index]).toBeGreaterThanOrEqual(-1e-6);
          expect(placed[index]).toBeLessThanOrEqual(300 + 1e-6);
          if (i > 0) expect(placed[index] - placed[order[i - 1]]).toBeGreaterThanOrEqual(14 - 1e-6);
        });
      }),
    );
  });
});
