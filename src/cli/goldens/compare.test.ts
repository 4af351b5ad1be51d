import { describe, expect, it } from "vitest";
import { compareValues } from "./compare.ts";

const tolerance = { atol: 0.1, rtol: 0.01 };

describe("comparing with golden values", () => {
  it("allows atol + rtol·|golden|", () => {
    expect(compareValues([101.05], [100], tolerance).worst).toBeUndefined();
    expect(compareValues([101.2], [100], tolerance).worst).toEqual({ index: 0, value: 101.2, golden: 100 });
  });

  it("reports the largest errors and the worst element", () => {
    const { maxAbsError, maxRelError, worst } = compareValues([1.5, 11, 0.05], [1, 10, 0], tolerance);
    expect([maxAbsError, maxRelError, worst?.index]).toEqual([1, 0.5, 1]);
  });

  it("meets values that are not finite exactly", () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    expect(compareValues([nan, inf], [nan, inf], tolerance).worst).toBeUndefined();
    for (const [value, golden] of [
      [nan, 1],
      [1, nan],
      [inf, 1],
      [-inf, inf],
      [1, inf],
    ]) {
      expect(compareValues([value], [golden], tolerance).worst?.index).toBe(0);
    }
  });
});
