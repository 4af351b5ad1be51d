/** The golden runner on cases made here: it must pass what is right and, above all, fail what is wrong. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../../data/safetensors.ts";
import { float32Tensor, type StoredTensor } from "../../data/safetensors-dtype.ts";
import { createReferenceKernels } from "../../kernels/reference/kernel-set.ts";
import { readGoldens } from "./manifest.ts";
import { type CaseReport, type GoldenReport, runGoldens } from "./report.ts";

const folder = mkdtempSync(join(tmpdir(), "roundoff-goldens-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TENSORS: Record<string, [shape: number[], values: number[]]> = {
  x: [[4], [-1, 0, 2, 3]],
  relu: [[4], [0, 0, 2, 3]],
  ones: [[4], [1, 1, 1, 1]],
  "relu.grad": [[4], [0, 0, 1, 1]],
  // Two channels of a 1×3 picture in the file's order N·C·rows·columns, and a 1×2 kernel that reads channel 0 only.
  picture: [
    [1, 2, 1, 3],
    [1, 2, 3, 10, 20, 30],
  ],
  kernel: [
    [1, 2, 1, 2],
    [1, -1, 0, 0],
  ],
  convolved: [
    [1, 1, 1, 2],
    [-1, -1],
  ],
  seed: [
    [1, 1, 1, 2],
    [1, 2],
  ],
  "kernel.grad": [
    [1, 2, 1, 2],
    [5, 8, 50, 80],
  ],
  "picture.grad": [
    [1, 2, 1, 3],
    [1, 1, -2, 0, 0, 0],
  ],
  // One SGD step of 0.5 each: 1 − 0.5·2 = 0, then 0 − 0.5·4 = −2.
  param: [[1], [1]],
  grad0: [[1], [2]],
  grad1: [[1], [4]],
  param0: [[1], [0]],
  param1: [[1], [-2]],
};

const tolerances = { atol: 1e-6, rtol: 1e-6 };
const relu = {
  op: "relu",
  attrs: {},
  inputs: { x: "x" },
  outputs: { output: "relu" },
  cotangents: { output: "ones" },
  grads: { x: "relu.grad" },
  ...tolerances,
};
const conv = {
  name: "conv",
  op: "conv2d",
  attrs: { stride: [1, 1], padding: 0 },
  inputs: { x: "picture", weight: "kernel" },
  outputs: { output: "convolved" },
  cotangents: { output: "seed" },
  grads: { x: "picture.grad", weight: "kernel.grad" },
  ...tolerances,
};
const sgd = {
  name: "sgd",
  op: "optimSGD",
  attrs: { lr: 0.5 },
  inputs: { param: "param", grad0: "grad0", grad1: "grad1" },
  outputs: { param0: "param0", param1: "param1" },
  ...tolerances,
};
const CASES = [
  { name: "right", ...relu },
  { ...relu, name: "wrong output", outputs: { output: "x" } },
  { ...relu, name: "wrong gradient", grads: { x: "ones" } },
  { ...relu, name: "wrong size", outputs: { output: "param" } },
  { ...relu, name: "unknown operation", op: "noSuchOperation" },
  { ...relu, name: "unknown attribute", attrs: { inplace: true } },
  conv,
  sgd,
  { ...sgd, name: "wrong step", outputs: { param0: "param0", param1: "param0" } },
  { ...sgd, name: "unknown optimizer", op: "optimLion" },
];

function writeManifest(cases: readonly unknown[]): void {
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ cases }));
}

let report: GoldenReport;
beforeAll(async () => {
  const tensors = new Map<string, StoredTensor>(
    Object.entries(TENSORS).map(([key, [shape, values]]) => [
      key,
      float32Tensor(Float32Array.from(values), shape),
    ]),
  );
  writeFileSync(join(folder, "tensors.safetensors"), writeSafetensors(tensors));
  writeManifest(CASES);
  report = await runGoldens(await readGoldens(folder), { kernels: createReferenceKernels() });
});

function caseOf(name: string): CaseReport {
  const found = report.cases.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no case "${name}"`);
  return found;
}

describe("golden cases", () => {
  it("are counted", () => {
    const { passed, failed, unsupported } = report;
    expect({ passed, failed, unsupported }).toEqual({ passed: 3, failed: 4, unsupported: 3 });
  });

  it.each(["right", "conv", "sgd"])("pass: %s", (name) => {
    expect(caseOf(name)).toMatchObject({ ok: true, maxAbsError: 0, maxRelError: 0, reason: null });
  });

  it.each([
    ["wrong output", /1 of 2 arrays differ \(output\); output: element 0 is 0, golden -1/, 1],
    ["wrong gradient", /1 of 2 arrays differ \(gradient of x\)/, 1],
    ["wrong step", /1 of 2 arrays differ \(param1\); param1: element 0 is -2, golden 0/, 2],
  ])("fail: %s", (name, reason, maxAbsError) => {
    expect(caseOf(name)).toMatchObject({ ok: false, maxAbsError });
    expect(caseOf(name).reason).toMatch(reason);
  });

  it.each([
    ["wrong size", /output has another size/],
    ["unknown operation", /no operation noSuchOperation/],
    ["unknown attribute", /attribute inplace/],
    ["unknown optimizer", /no optimizer optimLion/],
  ])("say why nothing could be compared: %s", (name, reason) => {
    expect(caseOf(name)).toMatchObject({ ok: false, maxAbsError: null, maxRelError: null });
    expect(caseOf(name).reason).toMatch(reason);
  });
});

describe("a broken folder of golden cases", () => {
  it.each([
    ["no case", []],
    ["a case that is not an object", [1]],
    ["a case without an operation", [{ ...relu, name: "x", op: 3 }]],
    ["a tolerance that is no number", [{ ...relu, name: "x", atol: "small" }]],
    ["a tensor key that is no text", [{ ...relu, name: "x", inputs: { x: 1 } }]],
  ])("is refused: %s", async (_name, cases) => {
    writeManifest(cases);
    await expect(readGoldens(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT" });
  });

  it("is refused when a tensor is missing or the folder is not there", async () => {
    writeManifest([{ ...relu, name: "x", inputs: { x: "nowhere" } }]);
    const goldens = await readGoldens(folder);
    await expect(runGoldens(goldens, { kernels: createReferenceKernels() })).rejects.toThrow(/"nowhere"/);
    await expect(readGoldens(join(folder, "none"))).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});
