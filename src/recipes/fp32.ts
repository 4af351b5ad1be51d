/** The baseline: IEEE single precision everywhere. */
import type { Recipe } from "../precision/recipe.ts";

export const fp32: Recipe = {
  name: "fp32",
  paper: "Baseline",
  summary: "FP32 everywhere, no loss scaling",
  policy: { rules: [] },
  lossScaling: { kind: "none" },
  choices: [],
};
