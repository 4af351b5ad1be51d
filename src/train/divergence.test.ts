import { describe, expect, it } from "vitest";
import { DIVERGED_AFTER, DivergenceWatch, STUCK_AFTER } from "./divergence.ts";
import type { ModelState } from "./model-state.ts";

const FRESH = { nonFiniteSteps: 0, stuckSteps: 0, skippedSteps: 0 };

function stateOf(value: number): ModelState {
  return new Map([["w", { shape: [1], data: Float32Array.of(value) }]]);
}

/** Steps after which the watch gives up; at most 1000. */
function stepsUntilHopeless(
  result: (step: number) => { loss?: number; lossScale: number; skippedSteps: number },
): number {
  const watch = new DivergenceWatch(stateOf(1), FRESH);
  for (let step = 1; step <= 1000; step++) {
    if (watch.afterStep({ loss: 1, ...result(step) })) return step;
  }
  return Number.POSITIVE_INFINITY;
}

describe("DivergenceWatch", () => {
  it("gives up after so many losses in a row that are not finite", () => {
    const lossScale = 1;
    const everyOther = (step: number) => ({
      loss: step % 2 === 0 ? 1 : Number.NaN,
      lossScale,
      skippedSteps: 0,
    });
    expect(stepsUntilHopeless(() => ({ loss: Number.NaN, lossScale, skippedSteps: 0 }))).toBe(DIVERGED_AFTER);
    expect(stepsUntilHopeless(everyOther)).toBe(Number.POSITIVE_INFINITY);
  });

  it("lets the loss scale fall as long as it wants, and gives up where it cannot fall further", () => {
    const falling = (step: number) => ({
      lossScale: Math.max(2 ** (16 - step), 2 ** -24),
      skippedSteps: step,
    });
    // The scale stays from step 41 on; every step before is a step down.
    expect(stepsUntilHopeless(falling)).toBe(40 + STUCK_AFTER);
    const recovering = (step: number) => ({
      lossScale: 1,
      skippedSteps: step - Math.floor(step / STUCK_AFTER),
    });
    expect(stepsUntilHopeless(recovering)).toBe(Number.POSITIVE_INFINITY);
  });

  it("does the steps since its copy again, names the one that began it, and leaves the state as it was", async () => {
    const state = stateOf(0);
    const { data } = state.get("w")!;
    const step = (at: number) => {
      data[0] += at === 5 ? Number.POSITIVE_INFINITY : 1;
    };
    const watch = new DivergenceWatch(state, FRESH);
    let done = 0;
    for (let hopeless = false; !hopeless; ) {
      watch.beforeStep(done);
      step(done++);
      // The loss tells a step later than the weights.
      hopeless = watch.afterStep({
        loss: done > 6 ? Number.NaN : 1,
        lossScale: 1,
        skippedSteps: 0,
      });
    }
    expect(done).toBe(6 + DIVERGED_AFTER);
    let at = -1;
    const seen: number[] = [];
    const found = await watch.locate(done, {
      prepare: async (next) => {
        at = next;
      },
      probe: {
        run: async () => {
          step(at);
          seen.push(data[0]);
          return at >= 5 ? { tensor: "w", role: "weight", operation: "sgdUpdate" } : undefined;
        },
      },
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, Number.POSITIVE_INFINITY]);
    expect(found).toEqual({ step: 6, tensor: "w", role: "weight", operation: "sgdUpdate" });
    expect(data[0]).toBe(Number.POSITIVE_INFINITY);
  });
});
