/** The bounds must not be so wide that a wrong kernel passes: every case has to notice an error of one part in 1024. */
import { describe, expect, it } from "vitest";
import type { ExternalArray, KernelSet } from "../contract.ts";
import { createReferenceKernels } from "../reference/kernel-set.ts";
import { deviations } from "./bounds.ts";
import { allCases, caseName } from "./cases.ts";

/** The reference, but its first output is spoiled in one place: the largest magnitude, where bounds are widest. */
const spoiled: KernelSet = {
  name: "reference",
  prepare(plan, externals) {
    const prepared = createReferenceKernels().prepare(plan, externals);
    return {
      async run() {
        await prepared.run();
        const output = externals.get("output 0");
        if (output !== undefined) spoil(output);
      },
    };
  },
};

function spoil(values: ExternalArray): void {
  let largest = 0;
  values.forEach((value, i) => {
    if (Number.isFinite(value) && Math.abs(value) > Math.abs(values[largest])) largest = i;
  });
  const value = values[largest];
  // Never less than the spacing of the FP32 subnormals.
  const step = values instanceof Int32Array ? 1 : Math.max(Math.abs(value) * 2 ** -10, 2 ** -149);
  values[largest] = Number.isFinite(value) && value !== 0 ? value + step : 1;
}

describe("a wrong kernel is noticed by", () => {
  it.each(allCases().map((run, i) => ({ name: caseName(run, i), run })))("$name", async ({ run }) => {
    expect(await deviations(createReferenceKernels(), run)).toEqual([]);
    expect(await deviations(spoiled, run)).toHaveLength(1);
  });
});
