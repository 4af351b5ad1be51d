import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import type { Quantizer } from "../graph/primitives.ts";
import { matchesPath, quantizerFor } from "./policy.ts";

const anchors = { firstGemm: "conv1", lastGemm: "fc" };
const bf16: Quantizer = { format: format("bf16"), rounding: "nearestEven", overflow: "infinity" };

describe("matchesPath", () => {
  it.each([
    ["**", "", true],
    ["**", "layer1.0.conv1", true],
    ["layer2", "layer20", false],
    ["layer2.**", "layer2.0.bn1", true],
    ["layer2.**", "layer20.0.bn1", false],
    ["*.0.conv1", "layer1.0.conv1", true],
    ["*.0.conv1", "layer1.1.conv1", false],
    ["**.conv1", "conv1", true],
    ["**.conv1", "layer1.0.conv1", true],
    ["@firstGemm", "conv1", true],
    ["@firstGemm", "layer1.0.conv1", false],
    ["@lastGemm", "fc", true],
  ])("%s against %s is %s", (pattern, path, expected) => {
    expect(matchesPath(pattern, path, anchors)).toBe(expected);
  });
});

describe("quantizerFor", () => {
  const policy = {
    rules: [
      { path: "@lastGemm", roles: ["input", "weight"], quantizer: "fp32" },
      { roles: ["weight"], gemms: ["gradInput"], quantizer: "fp32" },
      { roles: ["input", "weight"], quantizer: bf16 },
    ],
  } as const;

  it("takes the first rule that matches", () => {
    expect(quantizerFor(policy, "weight", { path: "fc", gemm: "output", anchors })).toBeUndefined();
    expect(quantizerFor(policy, "weight", { path: "conv1", gemm: "gradInput", anchors })).toBeUndefined();
    expect(quantizerFor(policy, "weight", { path: "conv1", gemm: "output", anchors })).toBe(bf16);
  });

  it("is FP32 where no rule matches", () => {
    expect(quantizerFor(policy, "error", { path: "conv1", anchors })).toBeUndefined();
  });
});
