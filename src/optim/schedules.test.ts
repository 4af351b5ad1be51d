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

  // The formulas have their own tests in schedules/: here, that each begins after the warm-up and ends with the run.
  it.each([
    ["exponential", { gamma: 0.5 }, [0.5, 1, 1, 0.5, 0.25]],
    ["inverse", { gamma: 1, power: 2 }, [0.5, 1, 1, 0.25, 1 / 9]],
    ["polynomial", {}, [0.5, 1, 1, 0.99, 0.98]],
    ["cosineRestarts", { period: 2 }, [0.5, 1, 1, 0.5, 1]],
    ["TRI", { l: 2 }, [0.5, 1, 0, 0.5, 1]],
  ] as const)("%s counts from the end of the warm-up", (kind, settings, expected) => {
    const run = { totalSteps: 102, stepsPerEpoch: 10 };
    const at = (step: number) => learningRateAt({ kind, warmupSteps: 2, settings }, 1, step, run);
    [0, 1, 2, 3, 4].map(at).forEach((rate, i) => {
      expect(rate).toBeCloseTo(expected[i], 12);
    });
  });

  it("one cycle is at its peak and its end where OneCycleLR is", () => {
    const config = { kind: "oneCycle", warmupSteps: 0, settings: {} } as const;
    const at = (step: number) => learningRateAt(config, 1, step, length);
    expect(at(0)).toBeCloseTo(1 / 25, 12);
    expect(at(29)).toBeCloseTo(1, 12);
    expect(at(99)).toBeCloseTo(1 / 25e4, 12);
  });

  it("multiplies by the factor at each epoch listed", () => {
    const config = { kind: "steps", warmupSteps: 0, epochs: [3, 6], factor: 0.1 } as const;
    const at = (step: number) => learningRateAt(config, 1, step, length);
    expect([29, 30, 59, 60].map(at)).toEqual([1, 0.1, 0.1, 0.1 ** 2]);
  });
});
