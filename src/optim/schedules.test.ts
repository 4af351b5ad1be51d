import { describe, expect, it } from "vitest";
import { learningRateAt } from "./schedules.ts";

const length = { totalSteps: 100, stepsPerEpoch: 10 };

describe("learningRateAt", () => {
  it("warms up linearly to the peak", () => {
    const at = (step: number) => learningRateAt({ kind: "constant", warmupSteps: 4 }, 0.8, step, length);
    expect([0, 1, 2, 3, 4, 99].map(at)).toEqual([0.2, 0.4, 0.6000000000000001, 0.8, 0.8, 0.8]);
  });

  it("falls on half a cosine from the peak to almost nothing", () => {
    const at = (step: number) => learningRateAt({ kind: "cosine", warmupSteps: 0 }, 1, step, length);
    expect(at(0)).toBe(1);
    expect(at(50)).toBeCloseTo(0.5, 12);
    expect(at(99)).toBeLessThan(0.001);
    for (let step = 1; step < 100; step++) expect(at(step)).toBeLessThan(at(step - 1));
  });

  it("multiplies by the factor at each epoch listed", () => {
    const config = { kind: "steps", warmupSteps: 0, epochs: [3, 6], factor: 0.1 } as const;
    const at = (step: number) => learningRateAt(config, 1, step, length);
    expect([29, 30, 59, 60].map(at)).toEqual([1, 0.1, 0.1, 0.1 ** 2]);
  });
});
