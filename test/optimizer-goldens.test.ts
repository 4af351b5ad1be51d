/** Every optimizer against PyTorch's own, step by step, on both kernel sets. The data: bench/peers/optimizer_goldens.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { GoldenSet, GoldenTensor } from "../src/cli/goldens/manifest.ts";
import { runOptimizerCase } from "../src/cli/goldens/optimizers.ts";
import { implementations } from "../src/kernels/conformance/implementations.ts";

interface OptimizerGolden {
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly param: readonly number[];
  readonly grads: readonly (readonly number[])[];
  readonly after: readonly (readonly number[])[];
}

const { shape, cases } = JSON.parse(
  readFileSync(new URL("goldens/optimizers.json", import.meta.url), "utf8"),
) as { shape: readonly number[]; cases: readonly OptimizerGolden[] };

/** A case as the golden runner reads it. */
function goldenSet({ op, attrs, param, grads, after }: OptimizerGolden): GoldenSet {
  const tensors = new Map<string, GoldenTensor>();
  const keys = (prefix: string, lists: readonly (readonly number[])[]) =>
    Object.fromEntries(
      lists.map((values, i) => {
        const key = `${prefix}${i}`;
        tensors.set(`${prefix} ${key}`, { shape, values: Float32Array.from(values) });
        return [key, `${prefix} ${key}`];
      }),
    );
  tensors.set("param", { shape, values: Float32Array.from(param) });
  const inputs = { param: "param", ...keys("grad", grads) };
  const outputs = keys("param", after);
  const golden = { name: op, op, attrs, inputs, outputs, cotangents: {}, grads: {}, atol: 0, rtol: 0 };
  return { cases: [golden], tensor: (key) => tensors.get(key)! };
}

describe.each(implementations())("$name", ({ kernels }) => {
  it.each(cases)("$op $attrs", async (golden) => {
    const set = goldenSet(golden);
    const checked = await runOptimizerCase(set, set.cases[0], kernels);
    expect(checked).toHaveLength(golden.after.length);
    checked.forEach(({ values }, step) => {
      // PyTorch's vector code may contract or reorder: an ulp or two of the weight per step.
      golden.after[step].forEach((expected, i) => {
        const tolerance = 2 ** -22 * Math.max(Math.abs(expected), 0.1) * (step + 1);
        expect(Math.abs(values[i] - expected), `step ${step}, element ${i}`).toBeLessThanOrEqual(tolerance);
      });
    });
  });
});
