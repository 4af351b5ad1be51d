import { describe, expect, it } from "vitest";
import { measure, median } from "./measure.ts";

describe("measuring", () => {
  it("runs the candidates in turn, once more than it times them", async () => {
    const order: string[] = [];
    const candidates = ["a", "b"].map((name) => ({ name, run: async () => void order.push(name) }));
    const timings = await measure(candidates, { rounds: 2 });
    expect(order.join("")).toBe("ababab");
    expect(timings.map(({ name }) => name)).toEqual(["a", "b"]);
    for (const { medianMs, bestMs } of timings) expect(medianMs).toBeGreaterThanOrEqual(bestMs);
  });

  it("stops between two runs when it is told to", async () => {
    const stop = new AbortController();
    let runs = 0;
    const candidate = {
      name: "a",
      run: async () => {
        if (++runs === 2) stop.abort();
      },
    };
    await expect(measure([candidate], { rounds: 9, signal: stop.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(runs).toBe(2);
  });

  it("takes the middle of the times", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});
