/** Costs of steps as bench prints them, and their table. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { syntheticResults, syntheticSpec } from "../../test/synthetic-study.ts";
import { htmlReport } from "./report-html.ts";
import { markdownReport } from "./report-markdown.ts";
import { readStepCosts, stepCostCaption, stepCostTable } from "./step-costs.ts";

const row = {
  name: "resnet20",
  medianMs: 12.5,
  bestMs: 12,
  samplesPerSecond: 2560.4,
  arenaBytes: 3 * 2 ** 19,
};
const costs = {
  rows: [
    { ...row, recipe: "fp32", ratioToFirst: 1 },
    { ...row, recipe: "int16", ratioToFirst: 0.8125 },
  ],
  machine: { cpu: "Example CPU", cores: 2, node: "v20", kernels: "native", threads: 2 },
};

async function written(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "roundoff-costs-"));
  const path = join(folder, "costs.json");
  await writeFile(path, content);
  return path;
}

it("reads what bench step prints, and shows it in both reports", async () => {
  const path = await written(JSON.stringify(costs));
  const read = readStepCosts(path);
  expect(stepCostTable(read).rows[1]).toEqual(["resnet20", "int16", "12.50", "2,560", "0.81", "1.5"]);
  expect(stepCostCaption(read)).toContain("Example CPU, 2 threads, native kernels");
  const input = {
    spec: syntheticSpec(),
    results: syntheticResults(),
    recipes: [],
    machine: {},
    command: "c",
  };
  for (const report of [htmlReport, markdownReport]) {
    expect(report({ ...input, costs: read })).toContain("What a step costs");
    expect(report(input)).not.toContain("What a step costs");
  }
  await rm(path);
});

it("says what is wrong with another file", async () => {
  const path = await written('{"rows":[{"name":"resnet20"}]}');
  expect(() => readStepCosts(path)).toThrow(/cannot read the costs of steps.*rows\[0\]\.recipe/);
  await rm(path);
});
