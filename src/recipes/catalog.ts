/** The recipes by name. Adding one: a file beside this and a line here. */
import { unknownName } from "../base/errors.ts";
import type { Recipe } from "../precision/recipe.ts";
import { bf16, bf16Truncate } from "./bf16.ts";
import { bf16Pure, bf16PureStochastic } from "./bf16-pure.ts";
import { fp8, fp8Nearest, fp8StochasticUnscaled, fp8Unscaled } from "./fp8.ts";
import { fp16, fp16Unscaled } from "./fp16.ts";
import { fp32 } from "./fp32.ts";
import { int16 } from "./int16.ts";

export const RECIPES: readonly Recipe[] = [
  fp32,
  bf16,
  bf16Truncate,
  bf16Pure,
  bf16PureStochastic,
  fp16,
  fp16Unscaled,
  int16,
  fp8,
  fp8Unscaled,
  fp8Nearest,
  fp8StochasticUnscaled,
];

/** @throws UNKNOWN_NAME with the closest match. */
export function recipe(name: string): Recipe {
  const found = RECIPES.find((candidate) => candidate.name === name);
  if (found === undefined) {
    throw unknownName(
      "recipe",
      name,
      RECIPES.map((candidate) => candidate.name),
    );
  }
  return found;
}
