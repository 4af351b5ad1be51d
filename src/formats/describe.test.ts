/** The description that `roundoff format show` prints. */
import { describe, expect, it } from "vitest";
import { FORMATS, floatFormat, format } from "./catalog.ts";
import { describeFormat } from "./describe.ts";

describe("describeFormat", () => {
  it("derives the range of a float format", () => {
    expect(describeFormat(format("e4m3"))).toMatchObject({
      kind: "float",
      bits: 8,
      bitPicture: "s eeee fff",
      emin: -6,
      emax: 8,
      maxFinite: 448,
      minNormal: 2 ** -6,
      minSubnormal: 2 ** -9,
      epsilon: 0.125,
    });
  });

  it("has no smallest subnormal where there are none", () => {
    expect(describeFormat({ ...floatFormat("fp16"), hasSubnormals: false })).toMatchObject({
      minSubnormal: null,
    });
  });

  it("describes dynamic fixed point by its integers", () => {
    expect(describeFormat(format("int8"))).toMatchObject({
      kind: "fixed",
      bitPicture: "s iiiiiii",
      maxInteger: 127,
      exponentOffset: 6,
    });
  });

  it.each(FORMATS.map((f) => [f.name, f] as const))(
    "%s: a letter for every bit, and JSON keeps it",
    (_, f) => {
      const description = describeFormat(f);
      expect(description.bitPicture.replaceAll(" ", "")).toHaveLength(f.bits);
      expect(JSON.parse(JSON.stringify(description))).toEqual(description);
    },
  );
});
