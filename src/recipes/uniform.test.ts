import { describe, expect, it } from "vitest";
import { quantizerFor } from "../precision/policy.ts";
import { recipe } from "./catalog.ts";

const place = { path: "layer1", gemm: "output", anchors: { firstGemm: "a", lastGemm: "b" } } as const;
const roundedTo = (name: string, role: "weight" | "input" | "gradOutput") => {
  const quantizer = quantizerFor(recipe(name).policy, role, place);
  return `${quantizer?.format.name} ${quantizer?.rounding} ${quantizer?.overflow}`;
};

describe("uniform recipes", () => {
  it("round every operand to the format that they name", () => {
    for (const role of ["weight", "input", "gradOutput"] as const) {
      expect(roundedTo("uniform:e4m3", role)).toBe("e4m3 nearestEven infinity");
      expect(roundedTo("uniform:bfp6b16", role)).toBe("bfp6b16 nearestEven saturate");
    }
  });

  it("take another format and rounding for errors", () => {
    const name = "uniform:mxfp4:mxfp8e5m2/stochastic";
    expect(roundedTo(name, "weight")).toBe("mxfp4 nearestEven saturate");
    expect(roundedTo(name, "gradOutput")).toBe("mxfp8e5m2 stochastic saturate");
  });

  it("scale the loss where errors are floats of small range", () => {
    expect(recipe("uniform:e4m3").lossScaling.kind).toBe("dynamic");
    expect(recipe("uniform:e4m3:bf16").lossScaling.kind).toBe("none");
    expect(recipe("uniform:mxfp4").lossScaling.kind).toBe("none");
  });

  it("say what is wrong with a name", () => {
    expect(() => recipe("uniform:e4q3")).toThrow(/e4q3/);
    expect(() => recipe("uniform:e4m3/nearest")).toThrow(/there is no rounding "nearest"/);
    expect(() => recipe("uniform:e4m3:e5m2:e5m2")).toThrow(/names no recipe/);
    expect(() => recipe("uniform:")).toThrow(/names no recipe/);
  });
});
