/** The grammar of names: what each part means, the names of the catalogue first, and errors that say what is wrong. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatFormat, format } from "./catalog.ts";
import { customFloat, SPECIALS } from "./custom-float.ts";

describe("names of floats", () => {
  it("give widths, bias and special values", () => {
    expect(format("e4m2b9f")).toMatchObject({
      bits: 7,
      exponentBits: 4,
      precision: 3,
      bias: 9,
      hasNaN: false,
    });
    expect(format("e4m2")).toMatchObject({ maxFinite: 224, hasInfinity: true, hasNaN: true });
    expect(format("e4m2fn")).toMatchObject({ maxFinite: 384, hasInfinity: false, hasNaN: true });
    expect(format("e4m2fnuz")).toMatchObject({ maxFinite: 448, hasNaN: true, hasNegativeZero: false });
    expect(format("e4m2f")).toMatchObject({ maxFinite: 448, hasInfinity: false, hasNaN: false });
    expect(format("e4m2uz")).toMatchObject({ maxFinite: 384, hasInfinity: true, hasNegativeZero: false });
    expect(format("e4m2ns")).toMatchObject({ hasSubnormals: false });
  });

  it("describe what the catalogue has by another name", () => {
    const names = [
      "e5m10",
      "e8m7ieee",
      "e8m23",
      "e8m10",
      "e5m2ieee",
      "e4m3fn",
      "e2m1f",
      "e5m2b16fnuz",
      "e4m3ieee",
    ];
    expect(names.map((name) => format(name).name)).toEqual([
      "fp16",
      "bf16",
      "fp32",
      "tf32",
      "e5m2",
      "e4m3",
      "e2m1",
      "e5m2fnuz",
      "e4m3ieee",
    ]);
    expect(format("float4_e2m1fn").name).toBe("e2m1");
    expect(format("e2m1fn")).toMatchObject({ maxFinite: 4, hasNaN: true });
    // Plain names of the catalogue win over the default of the grammar.
    expect(floatFormat("e4m3").hasInfinity).toBe(false);
  });

  it("are those that customFloat gives", () => {
    const options = fc.record({
      exponentBits: fc.integer({ min: 2, max: 7 }),
      precision: fc.integer({ min: 2, max: 10 }),
      bias: fc.integer({ min: 1, max: 60 }),
      specials: fc.constantFrom(...SPECIALS),
      hasNegativeZero: fc.boolean(),
      hasSubnormals: fc.boolean(),
    });
    fc.assert(
      fc.property(options, (chosen) => {
        const { name, bias, maxFinite, hasInfinity, hasNaN } = customFloat(chosen);
        const { exponentBits, precision, hasNegativeZero, hasSubnormals } = chosen;
        const widths = { exponentBits, precision, bias, maxFinite };
        expect(format(name)).toMatchObject({
          ...widths,
          hasInfinity,
          hasNaN,
          hasNegativeZero,
          hasSubnormals,
        });
      }),
    );
  });

  it.each([
    ["e8m7b100", /values that FP32 does not have/],
    ["e8m23fn", /values that FP32 does not have/],
    ["e4m3b200", /values that FP32 does not have.*spacing 2\^-202/],
    ["e9m2", /widths of a float format are out of range/],
    ["e4m24", /widths of a float format are out of range/],
    ["e5m0", /e5m0 has no room for its special values.*"fn"/],
    ["e1m2ns", /no room/],
  ])("%s is refused", (name, message) => expect(() => format(name)).toThrow(message));

  it("allow one significand bit where NaN has a place", () => {
    expect(format("e5m0fn")).toMatchObject({ precision: 1, maxFinite: 2 ** 15, hasSubnormals: false });
    expect(format("e5m0uz")).toMatchObject({ hasInfinity: true, hasNaN: true, hasNegativeZero: false });
  });
});

describe("names of integers and blocks", () => {
  it("give any width and tile", () => {
    expect(format("int24")).toMatchObject({ kind: "fixed", bits: 24 });
    expect(format("dfp7")).toMatchObject({ kind: "fixed", name: "int7", bits: 7 });
    expect(format("bfp6b64")).toMatchObject({ kind: "block", bits: 6, block: { rows: 1, columns: 64 } });
    expect(format("hbfp4t8x16")).toMatchObject({ name: "bfp4t8x16", block: { rows: 8, columns: 16 } });
    expect(format("hbfp8")).toBe(format("bfp8"));
    expect(format("bfp5")).toMatchObject({ aliases: ["hbfp5"], block: { rows: 24, columns: 24 } });
    expect(format("MXFP4_E2M1").name).toBe("mxfp4");
  });

  it.each([
    ["int1", /integer width out of range.*2 to 24 bits/],
    ["int25", /integer width out of range/],
    ["bfp1b16", /integer width out of range/],
    ["bfp8b0", /empty block/],
    ["bfp8t0x4", /empty block/],
  ])("%s is refused", (name, message) => expect(() => format(name)).toThrow(message));

  it("show the grammar to a name that fits nothing", () => {
    expect(() => format("float99")).toThrow(/unknown number format.*e\{X\}m\{Y\}.*bfp\{N\}/);
  });
});
