/** The catalogue against the tables of the standards, and the errors of a mistyped name. */
import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { FORMATS, floatFormat, format } from "./catalog.ts";
import type { FloatFormat } from "./format.ts";
import { emax, minNormal, minSubnormal } from "./format.ts";

const floats = FORMATS.filter((entry): entry is FloatFormat => entry.kind === "float");

describe("catalogue", () => {
  it("has the ranges that the standards print", () => {
    const ranges = floats.map((f) => [f.name, f.maxFinite, minNormal(f), minSubnormal(f)]);
    expect(ranges).toEqual([
      ["fp32", 3.4028234663852886e38, 2 ** -126, 2 ** -149],
      ["tf32", 3.4011621342146535e38, 2 ** -126, 2 ** -136],
      ["bf16", 3.3895313892515355e38, 2 ** -126, 2 ** -133],
      ["fp16", 65504, 2 ** -14, 2 ** -24],
      ["e5m2", 57344, 2 ** -14, 2 ** -16],
      ["e4m3", 448, 2 ** -6, 2 ** -9],
    ]);
  });

  it.each(floats.map((f) => [f.name, f] as const))("%s: the fields agree with each other", (_, f) => {
    expect(f.bits).toBe(f.exponentBits + f.precision);
    expect(emax(f)).toBe(2 ** f.exponentBits - (f.hasInfinity ? 2 : 1) - f.bias);
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
});
