/** Checks that the description follows the policy: order of rules, GEMMs, exemptions and loss scaling. */
import { describe, expect, it } from "vitest";
import { format } from "../formats/catalog.ts";
import type { Rounding } from "../formats/format.ts";
import type { Recipe } from "../precision/recipe.ts";
import { describeRecipe } from "./describe-recipe.ts";

const to = (name: string, rounding: Rounding = "nearestEven") => ({
  format: format(name),
  rounding,
  overflow: "infinity" as const,
});

const recipe: Recipe = {
  name: "example",
  paper: "Nobody 2000",
  summary: "",
  policy: {
    rules: [
      { path: "@firstGemm", roles: ["input", "weight"], quantizer: to("fp16") },
      { path: "head.**", roles: ["weight"], quantizer: "fp32" },
      { roles: ["gradOutput"], gemms: ["gradWeight"], quantizer: to("e5m2", "stochastic") },
      { roles: ["input", "weight", "gradOutput"], quantizer: to("bf16") },
      { roles: ["activation"], quantizer: { ...to("e4m3"), overflow: "saturate" } },
    ],
  },
  lossScaling: { kind: "constant", scale: 1000 },
  choices: [{ what: "all", setting: "as above", basis: "ours", from: "made up" }],
};

describe("describeRecipe", () => {
  it("says what an ordinary layer does, per role and per GEMM", () => {
    const { settings, choices } = describeRecipe(recipe);
    expect(settings).toMatchObject({
      "GEMM inputs": "bf16, nearestEven",
      "GEMM gradients": "bf16, nearestEven (gradInput); e5m2, stochastic (gradWeight)",
      "stored activations": "e4m3, nearestEven, overflow saturate",
      "master weights": "fp32",
      "loss scale": "constant 1000",
    });
    expect(settings["exempt layers"]).toBe(
      "first layer: fp16, nearestEven for input, weight; head.**: fp32 for weight",
    );
    expect(choices).toBe(recipe.choices);
  });

  it("says when nothing is exempt or scaled, and how a dynamic scale moves", () => {
    const plain = { ...recipe, policy: { rules: [] }, lossScaling: { kind: "none" as const } };
    expect(describeRecipe(plain).settings).toMatchObject({ "exempt layers": "none", "loss scale": "none" });
    const growthInterval = 2000;
    const dynamic = {
      kind: "dynamic" as const,
      initialScale: 65536,
      growthFactor: 2,
      backoffFactor: 0.5,
      growthInterval,
    };
    expect(describeRecipe({ ...recipe, lossScaling: dynamic }).settings["loss scale"]).toBe(
      "dynamic from 65536; ×0.5 on overflow, ×2 after 2000 clean steps",
    );
  });
});
