import { describe, expect, it } from "vitest";
import { createProgress, formatDuration, formatNumber, progressLine } from "./progress.ts";

/** A screen that collects what is written, and a clock that is set by hand. */
function setUp(terminal: boolean, columns = 200) {
  const written: string[] = [];
  const clock = { time: 0 };
  const screen = { stderr: (text: string) => void written.push(text), terminal, columns };
  return { written, clock, progress: createProgress(screen, () => clock.time) };
}

describe("progress in a log", () => {
  it("writes plain lines, not more than one in five seconds", () => {
    const { written, clock, progress } = setUp(false);
    for (let step = 1; step <= 100; step++) {
      clock.time = step * 100;
      progress.update({ label: "train", done: step, total: 100 });
    }
    progress.end();
    expect(written).toHaveLength(3);
    expect(written.every((line) => line.endsWith("\n") && !line.includes("\r"))).toBe(true);
    expect(written[2]).toContain("100%");
  });

  it("says nothing when nothing happened", () => {
    const { written, progress } = setUp(false);
    progress.end();
    expect(written).toEqual([]);
  });
});

describe("progress on a terminal", () => {
  it("rewrites one line and fits it into the width", () => {
    const { written, clock, progress } = setUp(true, 20);
    progress.update({ label: "a long label that does not fit", done: 1, total: 2 });
    clock.time = 1000;
    progress.update({ label: "short", done: 0, total: 0 });
    progress.end();
    expect(written[0].startsWith("\r")).toBe(true);
    expect(written[0].length).toBeLessThanOrEqual(20);
    // The rest of the longer line before is overwritten with spaces.
    expect(written[1]).toBe(`\rshort${" ".repeat(14)}`);
    expect(written.at(-1)).toBe("\n");
  });
});

describe("the progress line", () => {
  it("estimates the time left from this run's own speed", () => {
    const state = { label: "epoch 1/2", done: 60, total: 100 };
    expect(progressLine(state, 10_000, 50)).toContain("40 s left");
  });

  it("survives numbers that are not finite", () => {
    const line = progressLine(
      {
        label: "x",
        done: 0,
        total: Number.NaN,
        numbers: { loss: Number.NaN, norm: Number.POSITIVE_INFINITY },
      },
      0,
    );
    expect(line).toBe("x  loss NaN  norm Infinity");
  });

  it("never leaves the range of the bar", () => {
    expect(progressLine({ label: "x", done: 12, total: 10 }, 5)).toContain("100%");
  });

  it("writes numbers and durations shortly", () => {
    expect([0.123456, 12345.6, 1, -0.5, 0, 8.5834e-6].map(formatNumber)).toEqual([
      "0.1235",
      "12346",
      "1",
      "-0.5",
      "0",
      "8.583e-6",
    ]);
    expect([1499, 61_000, 7_500_000].map(formatDuration)).toEqual(["1 s", "1 min 01 s", "2 h 05 min"]);
  });
});
