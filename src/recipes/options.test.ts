/** Recipes with options: the grammar, what each option does to policy and loss scale, and how mistakes are told. */
import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { quantizerFor } from "../precision/policy.ts";
import { CONFIGURABLE, RECIPES, recipe } from "./catalog.ts";

const anchors = { firstGemm: "conv1", lastGemm: "fc" };
const formatOf = (text: string, role: Parameters<typeof quantizerFor>[1], path = "layer1") => {
  const found = quantizerFor(recipe(text).policy, role, { path, anchors });
  return found === undefined ? "fp32" : `${found.format.name} ${found.rounding}`;
};

describe("recipes with options", () => {
  it("changes what the option names and nothing else", () => {
    expect(recipe("fp8:scale=1000").lossScaling).toEqual({ kind: "constant", scale: 1000 });
    expect(recipe("fp8:scale=1000").policy).toEqual(recipe("fp8").policy);
    expect(formatOf("fp8:errors=nearestEven", "error")).toBe("e5m2 nearestEven");
    expect(formatOf("fp8:errors=nearestEven", "gradWeight")).toBe("e5m2 stochastic");
    expect(formatOf("fp8:master=fp32", "masterWeight")).toBe("fp32");
    expect(formatOf("fp8", "masterWeight")).toBe("fp16 stochastic");
    expect(formatOf("bf16:rounding=towardZero", "activation")).toBe("bf16 towardZero");
    expect(formatOf("int16:shift=2:rounding=stochastic", "weight")).toBe("int14 stochastic");
  });

  it("chooses scale rules, tiles and roundings of block formats", () => {
    const weights = quantizerFor(recipe("mxfp8:scaleRule=floor").policy, "weight", {
      path: "layer1",
      anchors,
    });
    expect(weights).toMatchObject({ scaleRule: "floor", rounding: "nearestEven" });
    expect(formatOf("mxfp4:errors=stochastic:exempt=first", "gradOutput")).toBe("mxfp8e5m2 stochastic");
    expect(formatOf("mxfp4:errors=stochastic:exempt=first", "weight", "conv1")).toBe("bf16 nearestEven");
    expect(formatOf("hbfp8:bits=6:tile=16:wide=fp32", "weight")).toBe("bfp6t16x16 nearestEven");
    expect(formatOf("hbfp8:bits=6:tile=16:wide=fp32", "masterWeight")).toBe("fp32");
    expect(formatOf("nvfp4:errors=nearestEven", "gradOutput")).toBe("nvfp4 nearestEven");
  });

  it("takes the length of integer chains", () => {
    expect(recipe("int16").policy.accumulators).toBeUndefined();
    const { accumulators = [] } = recipe("int16:maxChain=64:exempt=first").policy;
    expect(accumulators).toEqual([
      { path: "@firstGemm", accumulator: "fp32" },
      { accumulator: { kind: "int32Chain", chunk: 64 } },
    ]);
  });

  it("exempts layers by place and by pattern", () => {
    expect(formatOf("fp8", "weight", "conv1")).toBe("fp16 nearestEven");
    expect(formatOf("fp8:exempt=none", "weight", "conv1")).toBe("e5m2 nearestEven");
    expect(formatOf("fp8:exempt=layer1.**+last", "weight", "layer1.0.conv1")).toBe("fp16 nearestEven");
    expect(formatOf("fp8:exempt=layer1.**+last", "weight", "conv1")).toBe("e5m2 nearestEven");
    expect(formatOf("int16:exempt=first", "weight", "conv1")).toBe("fp32");
  });

  it("reads a dynamic scale with a floor that rises", () => {
    expect(recipe("fp8:scale=dynamic:initial=1024:floor=8192@40000+32768@150000").lossScaling).toEqual({
      kind: "dynamic",
      initialScale: 1024,
      growthFactor: 2,
      backoffFactor: 0.5,
      growthInterval: 2000,
      floor: [
        { scale: 8192, fromStep: 40000 },
        { scale: 32768, fromStep: 150000 },
      ],
    });
  });

  it("is named by its options in one order, and says the value of each", () => {
    const made = recipe("fp8:master=fp32:scale=1e3");
    expect(made.name).toBe("fp8:scale=1000:master=fp32");
    expect(made.options).toMatchObject({
      scale: "1000",
      master: "fp32",
      errors: "stochastic",
      exempt: "first+last",
    });
    expect(recipe(made.name)).toEqual(made);
  });

  it.each([
    ["fp8:scale", "INVALID_ARGUMENT", "fp8:scale=1000:master=fp32"],
    ["fp8:scale=1:scale=2", "INVALID_ARGUMENT", "each option once"],
    ["fp8:scale=-3", "INVALID_ARGUMENT", "a number above 0"],
    ["fp8:scal=3", "UNKNOWN_NAME", "scale"],
    ["fp8:errors=near", "INVALID_ARGUMENT", "nearestEven"],
    ["fp8:exempt=a..b", "INVALID_ARGUMENT", "path pattern"],
    ["fp8:floor=8@1", "INVALID_ARGUMENT", "scale=dynamic"],
    ["int16:shift=13", "INVALID_ARGUMENT", "0 to 12"],
    ["fp32:rounding=stochastic", "INVALID_ARGUMENT", "options of bf16"],
    ["fp9:scale=1", "UNKNOWN_NAME", "fp8"],
  ])("refuses %s", (text, code, hint) => {
    const error = (() => {
      try {
        recipe(text);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(RoundoffError);
    expect(error).toMatchObject({ code });
    expect((error as RoundoffError).message).toContain(hint);
  });

  it("gives each configurable recipe, with all its options written out, the numbers of its plain name", () => {
    for (const { name, options } of CONFIGURABLE) {
      const text = Object.entries(options).map(([option, { value }]) => `${option}=${value}`);
      const [plain, written] = [recipe(name), recipe([name, ...text].join(":"))];
      expect(written.policy).toEqual(plain.policy);
      expect(written.lossScaling).toEqual(plain.lossScaling);
      expect(RECIPES).toContain(plain);
    }
  });
});
