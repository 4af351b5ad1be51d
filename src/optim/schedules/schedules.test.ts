import { describe, expect, it } from "vitest";
import * as classic from "./classic.ts";
import { type CyclicOptions, type CyclicPolicy, cyclic } from "./cyclic.ts";

const at = (schedule: classic.Schedule, steps: readonly number[]) => steps.map(schedule);

const close = (actual: readonly number[], expected: readonly number[]) => {
  actual.forEach((value, i) => {
    expect(value, `entry ${i}`).toBeCloseTo(expected[i], 12);
  });
};

describe("schedules", () => {
  // Expected values: torch.optim.lr_scheduler of PyTorch 2.15 where it has the schedule, else worked out by hand.
  it.each<[string, classic.Schedule, number[], number[]]>([
    ["constant", classic.constant(0.3), [0, 7], [0.3, 0.3]],
    ["StepLR", classic.step(1, { stepSize: 3, gamma: 0.5 }), [0, 2, 3, 8], [1, 1, 0.5, 0.25]],
    ["MultiStepLR", classic.multiStep(1, { milestones: [2, 5] }), [1, 2, 4, 5], [1, 0.1, 0.1, 0.01]],
    ["ExponentialLR", classic.exponential(2, { gamma: 0.5 }), [0, 1, 3], [2, 1, 0.25]],
    ["inv", classic.inverse(1, { gamma: 1, power: 2 }), [0, 1, 3], [1, 0.25, 0.0625]],
    ["PolynomialLR", classic.polynomial(1, { steps: 4, power: 2 }), [0, 2, 4, 9], [1, 0.25, 0, 0]],
    ["CosineAnnealingLR", classic.cosine(1, { steps: 4, end: 0.2 }), [0, 2, 4, 9], [1, 0.6, 0.2, 0.2]],
    [
      "CosineAnnealingWarmRestarts",
      classic.cosineRestarts(1, { period: 2, factor: 2 }),
      [0, 1, 2, 4, 6, 10],
      [1, 0.5, 1, 0.5, 1, 0.5],
    ],
    ["restarts of one length", classic.cosineRestarts(1, { period: 4 }), [2, 4, 6], [0.5, 1, 0.5]],
    ["warm-up", classic.warmUp(4, classic.step(1, { stepSize: 1 })), [0, 2, 4, 5], [0, 0.5, 1, 0.1]],
    [
      "piecewise",
      classic.piecewise([classic.constant(1), classic.exponential(4, { gamma: 0.5 })], [3]),
      [2, 3, 4],
      [1, 4, 2],
    ],
  ])("%s", (_, schedule, steps, expected) => close(at(schedule, steps), expected));

  it("one cycle: the values of OneCycleLR(max_lr=1, total_steps=10)", () => {
    const schedule = classic.oneCycle(1, { steps: 10 });
    close(at(schedule, [0, 1, 2, 3, 6, 9]), [0.04, 0.52, 1, 0.9504846320134738, 0.38874197806371075, 4e-6]);
  });

  it("refuses boundaries that do not fit", () => {
    expect(() => classic.piecewise([classic.constant(1)], [3])).toThrow(/0 ascending steps/);
    expect(() => classic.piecewise([1, 2, 3].map(classic.constant), [5, 5])).toThrow(/2 ascending steps/);
  });
});

describe("LRBench's policies", () => {
  const l = 10;
  // At t = 0, l, 2l and l/2, from the table.
  it.each<[CyclicPolicy, Partial<CyclicOptions>, number[]]>([
    ["FIX", {}, [1, 1, 1, 1]],
    ["STEP", { gamma: 0.5 }, [1, 0.5, 0.25, 1]],
    ["NSTEP", { gamma: 0.1, milestones: [5, 20] }, [1, 0.1, 0.01, 0.1]],
    ["EXP", { gamma: 0.9 }, [1, 0.9 ** 10, 0.9 ** 20, 0.9 ** 5]],
    ["INV", { gamma: 0.1, p: 2 }, [1, 0.25, 1 / 9, 1 / 2.25]],
    ["POLY", { p: 2 }, [1, 0, 0, 0.25]],
    ["TRI", { k1: 0.5 }, [0.5, 1, 0.5, 0.75]],
    ["TRI2", { k1: 0.5 }, [0.5, 1, 0.5, 0.75]],
    ["TRIEXP", { k1: 0.5, gamma: 0.9 }, [0.5, 0.5 + 0.5 * 0.9 ** 10, 0.5, 0.5 + 0.25 * 0.9 ** 5]],
    ["SIN", { k1: 0.5 }, [0.5, 1, 0.5, 0.5 + Math.SQRT1_2 / 2]],
    ["SIN2", { k1: 0.5 }, [0.5, 1, 0.5, 0.5 + Math.SQRT1_2 / 2]],
    [
      "SINEXP",
      { k1: 0.5, gamma: 0.9 },
      [0.5, 0.5 + 0.5 * 0.9 ** 10, 0.5, 0.5 + Math.SQRT1_2 * 0.5 * 0.9 ** 5],
    ],
    ["COS", { k1: 0.5 }, [1, 1, 1, 0.5]],
    ["COS", { k1: 0.5, period: 2 * l }, [1, 0.5, 1, 0.75]],
  ])("%s %o", (policy, options, expected) => {
    close(at(cyclic(policy, { k0: 1, l, ...options }), [0, l, 2 * l, l / 2]), expected);
  });

  it("halve the second cycle, whichever of the rates is larger", () => {
    const schedules = ["TRI2", "SIN2"] as const;
    for (const policy of schedules) {
      expect(cyclic(policy, { k0: 0.5, k1: 1, l })(3 * l)).toBeCloseTo(0.75, 12);
    }
  });

  it("name what they lack", () => {
    expect(() => cyclic("TRIEXP", { k0: 1, l })).toThrow(/TRIEXP.*no gamma/);
  });
});
