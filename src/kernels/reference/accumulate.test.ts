import { describe, expect, it } from "vitest";
import { floatFormat } from "../../formats/catalog.ts";
import { stream } from "../conformance/data.ts";
import type { Accumulator } from "../contract.ts";
import { accumulate, addToOdd } from "./accumulate.ts";

const dot = (a: readonly number[], b: readonly number[], accumulator: Accumulator) =>
  accumulate(Float64Array.from(a), Float64Array.from(b), accumulator);
const rounded = (name: string, chunk = 0): Accumulator => ({
  kind: "rounded",
  format: floatFormat(name),
  chunk,
});
const ones = (count: number, value = 1) => new Array<number>(count).fill(value);

describe("a sum rounded to odd", () => {
  it("keeps what is exact and never ends in an even significand otherwise", () => {
    expect(addToOdd(1, 2 ** -52)).toBe(1 + 2 ** -52);
    expect(addToOdd(1, 2 ** -60)).toBe(1 + 2 ** -52);
    expect(addToOdd(1, -(2 ** -60))).toBe(1 - 2 ** -53);
    expect(addToOdd(-1, -(2 ** -60))).toBe(-1 - 2 ** -52);
    expect(addToOdd(-1, 2 ** -60)).toBe(-1 + 2 ** -53);
    expect(addToOdd(Infinity, -1)).toBe(Infinity);
    expect(addToOdd(Infinity, -Infinity)).toBeNaN();
  });
});

describe("rounded accumulators", () => {
  it("swallow what is below half of their spacing (Wang et al. 2018)", () => {
    // FP16 holds all integers up to 2048 and then only even ones.
    expect(dot(ones(4096), ones(4096), rounded("fp16"))).toBe(2048);
    expect(dot(ones(4096), ones(4096), rounded("fp16", 64))).toBe(4096);
    expect(dot(ones(4096), ones(4096), rounded("bf16"))).toBe(256);
    expect(dot(ones(4096), ones(4096), rounded("e6m9", 64))).toBe(4096);
  });

  it("round the exact sum once, also where FP64 cannot hold it", () => {
    // 1 + 2^-8 is halfway between two BF16 values; what is left over from the product decides, however small it is.
    const half = 1 + 2 ** -8;
    expect(dot([2 ** -60, half], [1, 1], rounded("bf16"))).toBe(1 + 2 ** -7);
    expect(dot([-(2 ** -60), half], [1, 1], rounded("bf16"))).toBe(1);
    expect(dot([0, half], [1, 1], rounded("bf16"))).toBe(1);
  });

  it("add chunks up in the same format", () => {
    // Chunks of 3 sum to 3, 3, 3 and 1; E2M1 has 0 0.5 1 1.5 2 3 4 6.
    expect(dot(ones(10), ones(10), rounded("e2m1", 3))).toBe(6);
    expect(dot(ones(10), ones(10), rounded("e2m1"))).toBe(4);
  });

  it("overflow to Infinity where the format has it, and saturate elsewhere", () => {
    expect(dot([60000, 60000], [1, 1], rounded("fp16"))).toBe(Infinity);
    expect(dot([60000, 60000, -60000], [1, 1, 1], rounded("fp16"))).toBe(Infinity);
    expect(dot([400, 400, -400], [1, 1, 1], rounded("e4m3"))).toBe(48);
    expect(dot([Infinity, -Infinity], [1, 1], rounded("fp16"))).toBeNaN();
  });

  it("of FP32 is a chain of fused multiply-adds", () => {
    const x = 1 + 2 ** -12;
    expect(dot([-1, x], [1 + 2 ** -11, x], rounded("fp32"))).toBe(2 ** -24);
  });
});

describe("int32Chain", () => {
  const chain = (chunk: number): Accumulator => ({ kind: "int32Chain", chunk });

  it("is exact in chains of two, whatever the operands", () => {
    const largest = 2 * 32767 * 32767;
    expect(dot([32767, 32767], [32767, 32767], chain(2))).toBe(Math.fround(largest));
    expect(dot([32767, 32767], [-32767, -32767], chain(2))).toBe(Math.fround(-largest));
  });

  it("wraps modulo 2^32 in longer ones, and only there", () => {
    const [a, sum] = [[32767, 32767, 32767], 3 * 32767 * 32767];
    expect(dot(a, a, chain(3))).toBe(Math.fround(sum - 2 ** 32));
    expect(dot(a, a, chain(2))).toBe(
      Math.fround(Math.fround(2 * 32767 * 32767) + Math.fround(32767 * 32767)),
    );
    // Half as large operands: a quarter of the product, so eight of them fit.
    const shifted = ones(8, 16383);
    expect(dot(shifted, shifted, chain(8))).toBe(Math.fround(8 * 16383 * 16383));
  });
});

describe("amxBf16", () => {
  it("adds even and odd elements in two chains, then their sum to c", () => {
    // One chain would give 2^24 + 1 + 1 = 2^24; here the odd chain holds 2 when it meets 2^24.
    const tile = [2 ** 24, 1, 0, 1, ...ones(28, 0)];
    expect(dot(tile, ones(32), { kind: "amxBf16" })).toBe(2 ** 24 + 2);
    expect(dot([...tile, 0.5], ones(33), { kind: "amxBf16" })).toBe(2 ** 24 + 2);
    expect(dot([1, ...ones(31, 0), ...tile], ones(64), { kind: "amxBf16" })).toBe(2 ** 24 + 4);
  });

  it("flushes subnormal operands, sums and results to zero", () => {
    const c = { kind: "amxBf16" } as const;
    expect(dot([2 ** -127], [2 ** 100], c)).toBe(0);
    expect(dot([2 ** -100], [2 ** -27], c)).toBe(0);
    expect(dot([1.5 * 2 ** -126, -(2 ** -126)], [1, 1], c)).toBe(0);
    expect(dot([2 ** -126], [1], c)).toBe(2 ** -126);
  });
});

describe("vdpbf16", () => {
  it("adds the odd product of a pair first, then the even one", () => {
    const c = { kind: "vdpbf16" } as const;
    expect(dot([0, 1, 2 ** 24, 1], ones(4), c)).toBe(2 ** 24 + 2);
    expect(dot([1, 0, 1, 2 ** 24], ones(4), c)).toBe(2 ** 24);
  });
});

describe("fp64", () => {
  it("is the sum in FP64", () => {
    const random = stream(340);
    const a = Array.from({ length: 50 }, () => random.normal());
    const sum = a.reduce((total, x) => total + x * x, 0);
    expect(dot(a, a, { kind: "fp64" })).toBe(sum);
  });
});
