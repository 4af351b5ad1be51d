import { expect, test } from "vitest";
import { EpochSums } from "./epoch-sums.ts";

test("means weigh steps by their examples", () => {
  const sums = new EpochSums();
  sums.add({ loss: 2, correct: 1, examples: 3 });
  sums.add({ loss: 6, correct: 1, examples: 1 });
  expect([sums.loss, sums.accuracy, sums.examples]).toEqual([3, 0.5, 4]);
});

test("sums from a checkpoint go on as if nothing had happened", () => {
  const whole = new EpochSums();
  whole.add({ loss: 0.1, correct: 2, examples: 7 });
  const resumed = EpochSums.at(whole.position());
  for (const sums of [whole, resumed]) sums.add({ loss: 0.2, correct: 5, examples: 7 });
  expect(resumed.position()).toEqual(whole.position());
  expect(resumed.loss).toBe(whole.loss);
});
