/** The costs of a study's steps: one row for each setting and recipe, under the study's names. */
import { expect, it } from "vitest";
import { createReferenceKernels } from "../../kernels/reference/kernel-set.ts";
import { parseStudySpec } from "../../studies/spec.ts";
import { benchStudy } from "./study-steps.ts";

it("times every setting with its own model and batch, the baseline first and without controls", async () => {
  const spec = parseStudySpec(
    {
      ...{ name: "tiny", title: "Tiny", question: "?", seeds: [1], margin: 0.1, chance: 0.1 },
      variants: { reordered: { recipe: "fp32", batchOrder: "reversed" }, small: "fp8:scale=2" },
      ...{ data: "fashion-mnist", model: "mlp", epochs: 1, batchSize: 2, optimizer: { learningRate: 0.1 } },
      recipes: ["small", "fp32", "reordered"],
      settings: [
        { id: "narrow", title: "Narrow", modelOptions: { width: 2 } },
        { id: "wide", title: "Wide", modelOptions: { width: 64 }, batchSize: 8 },
      ],
    },
    "study",
  );
  const done: number[] = [];
  const rows = await benchStudy({
    spec,
    kernels: createReferenceKernels(),
    rounds: 1,
    onSetting: (settings) => done.push(settings),
  });
  expect(rows.map(({ name, recipe }) => [name, recipe])).toEqual([
    ["narrow", "fp32"],
    ["narrow", "small"],
    ["wide", "fp32"],
    ["wide", "small"],
  ]);
  expect(done).toEqual([1, 2]);
  expect(rows[2].arenaBytes).toBeGreaterThan(4 * rows[0].arenaBytes);
  expect([rows[0].ratioToFirst, rows[2].ratioToFirst]).toEqual([1, 1]);
  expect(rows[3].samplesPerSecond).toBeCloseTo(8000 / rows[3].medianMs, 9);
});
