import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { choiceOption, integerOption, listOption, parseInteger, positiveOption } from "./option-values.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof RoundoffError) return error.code;
    throw error;
  }
  return "no error";
}

describe("whole numbers", () => {
  it("reads decimal digits within the range", () => {
    expect(integerOption("--seed", { min: 0 })("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseInteger("--pad", "-3", { min: -3 })).toBe(-3);
  });

  it.each(["", " ", "1.5", "1e3", "0x10", "ten", "NaN", "Infinity", "9007199254740993", "-1", "5 "])(
    "refuses %j",
    (text) => {
      expect(codeOf(() => parseInteger("--epochs", text, { min: 0 }))).toBe("INVALID_ARGUMENT");
    },
  );

  it("refuses values outside the range and names the option", () => {
    expect(() => parseInteger("--epochs", "11", { min: 1, max: 10 })).toThrow(/--epochs.*from 1 to 10.*"11"/);
  });
});

describe("positive numbers", () => {
  it.each([
    ["0.1", 0.1],
    ["1e-3", 1e-3],
    [".5", 0.5],
    ["2.", 2],
  ])("reads %s", (text, value) => expect(positiveOption("--lr")(text)).toBe(value));

  it.each(["0", "-1", "1e999", "nan", "", "0.1x", "1,5"])("refuses %j", (text) => {
    expect(codeOf(() => positiveOption("--lr")(text))).toBe("INVALID_ARGUMENT");
  });
});

describe("names", () => {
  it("accepts a known name and suggests one for a misspelt one", () => {
    const parse = choiceOption("--rounding", ["nearestEven", "towardZero"]);
    expect(parse("towardZero")).toBe("towardZero");
    expect(() => parse("towardzero")).toThrow(/Did you mean "towardZero"/);
    expect(codeOf(() => parse("up"))).toBe("UNKNOWN_NAME");
  });

  it("reads lists and refuses empty parts", () => {
    expect(listOption("--recipes")("fp32, bf16")).toEqual(["fp32", "bf16"]);
    expect(codeOf(() => listOption("--recipes")("fp32,,bf16"))).toBe("INVALID_ARGUMENT");
  });
});
