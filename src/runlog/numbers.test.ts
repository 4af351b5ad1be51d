import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNumber, encodeJson } from "./numbers.ts";

describe("numbers through JSON", () => {
  it("gives back every double, bit for bit but for NaN's payload", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(decodeNumber(JSON.parse(encodeJson(value)))).toBe(value);
      }),
    );
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 5e-324]) {
      expect(decodeNumber(JSON.parse(encodeJson([value]))[0])).toBe(value);
    }
  });

  it("writes words in the place of numbers that JSON lacks, at any depth", () => {
    const text = encodeJson({
      a: [Number.NaN, { b: Number.NEGATIVE_INFINITY }],
      c: -0,
      d: "x",
      e: undefined,
    });
    expect(text).toBe('{"a":["NaN",{"b":"-Infinity"}],"c":"-0","d":"x"}');
  });

  it("takes nothing else for a number", () => {
    for (const item of ["nan", "1", "", null, true, [], {}, undefined])
      expect(decodeNumber(item)).toBeUndefined();
  });
});
