/** The rows that scripts read from `bench gemm` and `bench conv`, and which arithmetic a recipe is measured with. */
import { describe, expect, it } from "vitest";
import { selectKernels } from "../../kernels/select.ts";
import { runCaptured, runJson } from "../captured-context.fixture.ts";
import { convWorks, convWorksOfModel, gemmWork } from "./product-work.ts";
import type { ProductRow } from "./products.ts";
import { roofOf } from "./roofline.ts";

interface Answer {
  readonly rows: readonly ProductRow[];
  readonly machine: Readonly<Record<string, unknown>>;
}

describe("bench gemm", () => {
  it("has a row for each shape and recipe", async () => {
    const argv = [
      "bench",
      "gemm",
      "--shapes",
      "9x8x7,16x5x3",
      "--recipes",
      "fp32,bf16,int16,fp8:accumulator=fp16c8",
    ];
    const { rows, machine } = await runJson<Answer>([...argv, "--rounds", "2"]);
    expect(rows.map(({ name, recipe, carrier }) => [name, recipe, carrier])).toEqual(
      ["9x8x7", "16x5x3"].flatMap((name) => [
        [name, "fp32", "f32"],
        [name, "bf16", "bf16"],
        [name, "int16", "i16"],
        [name, "fp8:accumulator=fp16c8", "f32"],
      ]),
    );
    for (const row of rows) {
      expect(row.medianMs).toBeGreaterThanOrEqual(row.bestMs);
      expect(row.gflops).toBeGreaterThan(0);
    }
    expect(rows[0].ratioToFirst).toBe(1);
    expect(machine).toMatchObject({ kernels: expect.any(String), threads: expect.any(Number) });
  });

  it("runs on the reference kernels, which have no roofline", async () => {
    const argv = [
      "bench",
      "gemm",
      "--shapes",
      "4x4x4",
      "--recipes",
      "fp32",
      "--rounds",
      "1",
      "--kernels",
      "reference",
    ];
    const { rows } = await runJson<Answer>(argv);
    expect(rows.map(({ roofShare }) => roofShare)).toEqual([undefined]);
  });
});

describe("bench conv", () => {
  it("measures the three directions of a shape", async () => {
    const argv = [
      "bench",
      "conv",
      "--shapes",
      "4x6x5/8x3x3/s2g2",
      "--batch",
      "2",
      "--recipes",
      "fp32,int16,bf16-pure",
    ];
    const { rows } = await runJson<Answer>([...argv, "--rounds", "1"]);
    expect(rows.map(({ name, gemm, recipe }) => [name, gemm, recipe])).toEqual(
      ["output", "gradInput", "gradWeight"].flatMap((gemm) =>
        ["fp32", "int16", "bf16-pure"].map((recipe) => ["4x6x5/8x3x3/s2p1g2", gemm, recipe]),
      ),
    );
  });

  it.each([
    ["gemm", "3x4"],
    ["gemm", "0x4x4"],
    ["conv", "64x56x56"],
    ["conv", "3x8x8/4x3x3/g2"],
    ["conv", "3x2x2/4x7x7/p0"],
  ])("%s refuses the shape %s", async (command, shape) => {
    const { exitCode, stderr } = await runCaptured(["bench", command, "--shapes", shape]);
    expect([exitCode, stderr.includes("error[INVALID_ARGUMENT]")]).toEqual([2, true]);
  });
});

describe("work", () => {
  it("counts multiply-adds twice", () => {
    expect(gemmWork("2x3x5").operations).toBe(60);
    // 4 × 3 outputs of 8 filters, 3 × 3 × 4 products each.
    expect(convWorks("4x8x6/8x3x3/s2", 1)[0].operations).toBe(2 * 4 * 3 * 8 * 36);
  });

  it("finds the distinct convolutions of a network", () => {
    const works = convWorksOfModel("resnet50", 2, 224, 3);
    const names = works.filter(({ op }) => op === "conv2d").map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toBe("3x224x224/64x7x7/s2p3");
    expect(names).toContain("512x7x7/512x3x3/s1p1");
    expect(works[0].output.shape).toEqual([2, 112, 112, 64]);
  });

  it("counts the operations of the registers", () => {
    const { peakOperations } = selectKernels({ threads: 2 });
    // The reference kernels have no registers to speak of.
    for (const carrier of ["f32", "bf16", "i16"] as const) {
      const [one, ten] = [1, 10].map((steps) => peakOperations?.(carrier, steps) ?? 0);
      expect(ten).toBe(10 * one);
    }
  });

  it("is bound by memory or by multiplying, whichever is less", () => {
    const roofline = { gflops: { f32: 100, bf16: 200, i16: 200 }, copyGbPerSecond: 10 };
    expect(roofOf(roofline, "f32", { operations: 1000, bytes: 1000 })).toEqual({
      gflops: 10,
      bound: "memory",
    });
    expect(roofOf(roofline, "bf16", { operations: 1e6, bytes: 1000 })).toEqual({
      gflops: 200,
      bound: "compute",
    });
  });
});
