import { describe, expect, it } from "vitest";
import { selectKernels } from "../../kernels/select.ts";
import { arraySize, benchQuantize } from "./quantize.ts";

describe("sizes of arrays", () => {
  it("grow with the threads where every core has a cache of its own", () => {
    expect(arraySize("L2", 4)!.elements).toBe(4 * arraySize("l2", 1)!.elements);
    expect(arraySize("DRAM", 4)).toEqual(arraySize("DRAM", 1));
  });

  it("may be numbers, and nothing else", () => {
    expect(arraySize("1000", 2)).toEqual({ name: "1000", elements: 1000 });
    for (const text of ["0", "-1", "1.5", "L4", ""]) expect(arraySize(text, 2)).toBeUndefined();
  });
});

describe("bench quantize", () => {
  const options = {
    rounding: "nearestEven",
    statistics: true,
    sizes: [{ name: "600000", elements: 600_000 }],
    rounds: 1,
  } as const;

  it("compares every format with a copy of the same array", async () => {
    const rows = await benchQuantize({ ...options, formats: ["e4m3", "bfp8"], selected: selectKernels() });
    expect(rows.map(({ name }) => name)).toEqual(["copy", "e4m3", "bfp8"]);
    expect(rows[0]).toMatchObject({ ratioToCopy: 1, ratioToFirst: 1 });
    for (const { ratioToCopy, ratioToFirst, elements, medianMs, gbPerSecond } of rows) {
      expect(ratioToCopy * ratioToFirst).toBeCloseTo(1, 9);
      expect(gbPerSecond).toBeCloseTo((8 * elements) / (medianMs * 1e6), 9);
    }
  });

  it("refuses an unknown format before any work", async () => {
    const run = benchQuantize({ ...options, formats: ["e4m3", "e9m9"], selected: selectKernels() });
    await expect(run).rejects.toMatchObject({ name: "RoundoffError" });
  });
});
