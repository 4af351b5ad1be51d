/** The catalogue against the tables of the standards, and the errors of a mistyped name. */
import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { FORMATS, floatFormat, format, scaledFormat } from "./catalog.ts";
import type { FloatFormat } from "./format.ts";
import { emax, minNormal, minSubnormal } from "./format.ts";

const floats = FORMATS.filter((entry): entry is FloatFormat => entry.kind === "float");

describe("catalogue", () => {
  it("has the ranges that the standards print", () => {
    const ranges = floats.map((f) => [f.name, f.maxFinite, minNormal(f), minSubnormal(f)]);
    expect(ranges).toEqual([
      ["fp64", Number.MAX_VALUE, 2 ** -1022, Number.MIN_VALUE],
      ["fp32", 3.4028234663852886e38, 2 ** -126, 2 ** -149],
      ["tf32", 3.4011621342146535e38, 2 ** -126, 2 ** -136],
      ["bf16", 3.3895313892515355e38, 2 ** -126, 2 ** -133],
      ["fp16", 65504, 2 ** -14, 2 ** -24],
      ["e5m2", 57344, 2 ** -14, 2 ** -16],
      ["e4m3", 448, 2 ** -6, 2 ** -9],
      ["e4m3ieee", 240, 2 ** -6, 2 ** -9],
      ["e5m2fnuz", 57344, 2 ** -15, 2 ** -17],
      ["e4m3fnuz", 240, 2 ** -7, 2 ** -10],
      ["e4m3b11fnuz", 30, 2 ** -10, 2 ** -13],
      ["e3m4", 15.5, 2 ** -2, 2 ** -6],
      // P3109: without subnormals at precision 1, so the last column is the smallest normal.
      ["binary8p1", 2 ** 62, 2 ** -63, 2 ** -63],
      ["binary8p1sf", 2 ** 63, 2 ** -63, 2 ** -63],
      ["binary8p2", 2 ** 31, 2 ** -31, 2 ** -32],
      ["binary8p2sf", 1.5 * 2 ** 31, 2 ** -31, 2 ** -32],
      ["binary8p3", 49152, 2 ** -15, 2 ** -17],
      ["binary8p3sf", 57344, 2 ** -15, 2 ** -17],
      ["binary8p4", 224, 2 ** -7, 2 ** -10],
      ["binary8p4sf", 240, 2 ** -7, 2 ** -10],
      ["binary8p5", 15, 2 ** -3, 2 ** -7],
      ["binary8p5sf", 15.5, 2 ** -3, 2 ** -7],
      ["binary8p6", 3.875, 0.5, 2 ** -6],
      ["binary8p6sf", 3.9375, 0.5, 2 ** -6],
      ["binary8p7", 1.96875, 1, 2 ** -6],
      ["binary8p7sf", 1.984375, 1, 2 ** -6],
      ["e8m0", 2 ** 127, 2 ** -127, 2 ** -127],
      ["e3m2", 28, 2 ** -2, 2 ** -4],
      ["e2m3", 7.5, 1, 2 ** -3],
      ["e2m1", 6, 1, 0.5],
    ]);
  });

  it.each(floats.map((f) => [f.name, f] as const))("%s: the fields agree with each other", (_, f) => {
    expect(f.bits).toBe(f.exponentBits + f.precision - (f.hasSign ? 0 : 1));
    const topExponent = f.hasInfinity && f.hasNegativeZero ? 2 : 1;
    // Where one significand is all there is, a code given up for Infinity or NaN is an exponent.
    const givenUp = f.precision === 1 && (f.hasInfinity || !f.hasSign) ? 2 : topExponent;
    expect(emax(f)).toBe(2 ** f.exponentBits - givenUp - f.bias);
  });

  it("marks drafts as such", () => {
    const drafts = floats.filter((f) => f.draft === true).map((f) => f.name);
    expect(drafts).toHaveLength(14);
    expect(drafts.every((name) => name.startsWith("binary8p"))).toBe(true);
  });

  it("has every format of the block specifications", () => {
    const blocks = FORMATS.filter((entry) => entry.kind === "block");
    expect(blocks.map((b) => [b.name, b.element.name, b.scale.kind, b.block.rows, b.block.columns])).toEqual([
      ["mxfp8e5m2", "e5m2", "e8m0", 1, 32],
      ["mxfp8e4m3", "e4m3", "e8m0", 1, 32],
      ["mxfp6e3m2", "e3m2", "e8m0", 1, 32],
      ["mxfp6e2m3", "e2m3", "e8m0", 1, 32],
      ["mxfp4", "e2m1", "e8m0", 1, 32],
      ["mxint8", "int8", "e8m0", 1, 32],
      ["nvfp4", "e2m1", "twoLevel", 1, 16],
      ["nvfp4t16x16", "e2m1", "twoLevel", 16, 16],
      ["bfp12", "int12", "sharedExponent", 24, 24],
      ["bfp8", "int8", "sharedExponent", 24, 24],
    ]);
  });

  it("uses no name or alias twice", () => {
    const names = FORMATS.flatMap((f) => [f.name, ...f.aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
  });

  it("finds names and aliases in any case", () => {
    expect(format("half").name).toBe("fp16");
    expect(format("BFloat16").name).toBe("bf16");
    expect(format("DFP16")).toMatchObject({ kind: "fixed", name: "int16", bits: 16 });
    expect(floatFormat("f8e5m2").name).toBe("e5m2");
  });

  it("names the closest format when there is none", () => {
    expect(() => format("fp18")).toThrow(/unknown number format "fp18".*Did you mean "fp16"\?/);
  });

  it("refuses a fixed-point name where a float is needed", () => {
    expect(() => floatFormat("int16")).toThrow(RoundoffError);
    expect(() => floatFormat("int16")).toThrow(/not a floating-point format .*fp32, tf32, bf16/);
  });

  it("refuses a float where scales are needed", () => {
    expect([scaledFormat("int8").kind, scaledFormat("bfp8b16").kind]).toEqual(["fixed", "block"]);
    expect(() => scaledFormat("posit8")).toThrow(/"posit8" is not a format with scales .*int16.*mxfp4/);
  });
});
