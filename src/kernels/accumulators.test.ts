import { describe, expect, it } from "vitest";
import { floatFormat } from "../formats/catalog.ts";
import {
  ACCUMULATOR_PROFILES,
  accumulatorName,
  accumulatorProfile,
  carrierProfile,
  roundedAccumulator,
} from "./accumulators.ts";

describe("accumulator names", () => {
  it("are those of the table, in any case of letters", () => {
    for (const profile of ACCUMULATOR_PROFILES) expect(accumulatorProfile(profile.name)).toBe(profile);
    expect(accumulatorProfile("AMXBF16").name).toBe("amxBf16");
  });

  it("are float formats with a chunk", () => {
    for (const name of ["fp16", "fp16c64", "bf16c1", "e6m9c32", "e8m23", "fp32c64", "e4m3b11fnuz"]) {
      const { accumulator } = accumulatorProfile(name);
      expect(accumulator && accumulatorName(accumulator)).toBe(name);
    }
    expect(accumulatorProfile("e5m10c7").accumulator).toEqual(roundedAccumulator(floatFormat("fp16"), 7));
    expect(accumulatorProfile("fp16c0").name).toBe("fp16");
  });

  it.each([
    ["e8m0", "UNSUPPORTED"],
    ["posit16", "UNSUPPORTED"],
    ["mxfp4", "UNSUPPORTED"],
    ["fp64c2", "UNSUPPORTED"],
    ["fp16c", "UNKNOWN_NAME"],
    ["c64", "UNKNOWN_NAME"],
    ["", "UNKNOWN_NAME"],
  ])("refuse %j", (name, code) => {
    expect(() => accumulatorProfile(name)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it("say what a carrier does by itself", () => {
    const facts = (tier: string, ...features: string[]) =>
      ({ selected: "native", tier, cpu: { features } }) as const;
    expect(carrierProfile("bf16", facts("avx512", "amxBf16", "fastDpbf16"))).toBe("amxBf16");
    expect(carrierProfile("bf16", facts("avx512", "fastDpbf16"))).toBe("vdpbf16");
    expect(carrierProfile("bf16", facts("avx2", "amxBf16"))).toBe("fp32");
    expect(carrierProfile("i16", facts("portable"))).toBe("int32Spill");
    expect(carrierProfile("f32", { selected: "reference", cpu: { features: [] } })).toBe("fp64");
  });
});
