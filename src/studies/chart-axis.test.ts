/** Checks tick positions, domains and scales at ordinary and awkward ranges. */
import { describe, expect, it } from "vitest";
import { niceDomain, scale, tickDecimals, tickStep, ticks } from "./chart-axis.ts";

describe("ticks", () => {
  it("are round and inside the domain", () => {
    expect(ticks("linear", [0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks("linear", [-0.03, 0.021], 5)).toEqual([-0.02, 0, 0.02]);
    expect(ticks("linear", [0, 937], 5)).toEqual([0, 200, 400, 600, 800]);
    expect(ticks("log", [0.2, 3], 5)).toEqual([0.2, 0.5, 1, 2]);
  });

  it("thin out on a log axis of many decades and fill up on less than one", () => {
    expect(ticks("log", [1e-4, 1e2], 5)).toEqual([1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100]);
    expect(ticks("log", [0.6, 0.9], 4)).toEqual([0.6, 0.7, 0.8, 0.9]);
  });

  it("are 1, 2 or 5 times a power of ten apart", () => {
    expect([1, 7, 0.13, 4000, 2.5].map((span) => tickStep(span, 5))).toEqual([0.2, 2, 0.05, 1000, 0.5]);
  });
});

describe("niceDomain", () => {
  it("reaches to the next ticks and leaves aligned ends alone", () => {
    expect(niceDomain(0.13, 0.88, 5)).toEqual([0, 1]);
    expect(niceDomain(0, 1, 5)).toEqual([0, 1]);
    expect(niceDomain(0.861, 0.907, 5)).toEqual([0.86, 0.91]);
  });

  it("gives equal values room", () => {
    const [low, high] = niceDomain(0.9, 0.9, 5);
    expect(low).toBeLessThan(0.9);
    expect(high).toBeGreaterThan(0.9);
    expect(niceDomain(0, 0, 5)).toEqual([-1, 1]);
  });
});

describe("scale", () => {
  it("places linearly and logarithmically", () => {
    expect(scale("linear", [0, 10], [100, 0]).place(2.5)).toBe(75);
    expect(scale("log", [1, 100], [0, 50]).place(10)).toBeCloseTo(25, 12);
  });
});

describe("tickDecimals", () => {
  it("tells neighbours apart", () => {
    expect(tickDecimals([0, 0.25, 0.5])).toBe(2);
    expect(tickDecimals([0, 10, 20])).toBe(0);
    expect(tickDecimals([0.1 + 0.2])).toBe(1);
  });
});
