/** The recipes by name. Adding one: a file beside this and a line here. */
import { RoundoffError, unknownName } from "../base/errors.ts";
import type { Recipe } from "../precision/recipe.ts";
import { splitAccumulator, withAccumulator } from "./accumulated.ts";
import { BF16_CONFIGURABLE, bf16, bf16Truncate } from "./bf16.ts";
import { bf16Pure, bf16PureStochastic } from "./bf16-pure.ts";
import { FP8_CONFIGURABLE, fp8, fp8Nearest, fp8StochasticUnscaled, fp8Unscaled } from "./fp8.ts";
import { FP16_CONFIGURABLE, fp16, fp16Unscaled } from "./fp16.ts";
import { fp32 } from "./fp32.ts";
import { HBFP_CONFIGURABLE, hbfp8 } from "./hbfp.ts";
import { int8, int8PerSample } from "./int8.ts";
import { INT16_CONFIGURABLE, int16 } from "./int16.ts";
import { MX_CONFIGURABLE, mxfp4, mxfp4Mxfp6, mxfp6, mxfp8, mxint8 } from "./mx.ts";
import { NVFP4_CONFIGURABLE, nvfp4 } from "./nvfp4.ts";
import { type Configurable, splitRecipeText } from "./options.ts";
import { posit8, posit16 } from "./posit.ts";
import { isUniform, UNIFORM_USAGE, uniformRecipe } from "./uniform.ts";

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
  mxfp8,
  mxfp6,
  mxfp4,
  mxfp4Mxfp6,
  mxint8,
  hbfp8,
  int8,
  int8PerSample,
  nvfp4,
  posit16,
  posit8,
];

/** The recipes that take options, by the name in front of them. */
export const CONFIGURABLE: readonly Configurable[] = [
  BF16_CONFIGURABLE,
  FP16_CONFIGURABLE,
  INT16_CONFIGURABLE,
  ...FP8_CONFIGURABLE,
  ...MX_CONFIGURABLE,
  HBFP_CONFIGURABLE,
  NVFP4_CONFIGURABLE,
];

/**
 * By name, or with options as `fp8:scale=1000:master=fp32`; `uniform:FORMAT` for any format. Every recipe takes the option
 * `accumulator=NAME` (accumulators.ts).
 * @throws UNKNOWN_NAME with the closest match, INVALID_ARGUMENT for an option's value.
 */
export function recipe(text: string): Recipe {
  const { rest, accumulator } = splitAccumulator(text);
  const found = recipeWithOwnOptions(rest);
  return accumulator === undefined ? found : withAccumulator(found, accumulator);
}

function recipeWithOwnOptions(text: string): Recipe {
  if (isUniform(text)) return uniformRecipe(text);
  const { name, given } = splitRecipeText(text);
  const found = RECIPES.find((candidate) => candidate.name === name);
  if (found === undefined) {
    throw unknownName("recipe", name, [...RECIPES.map((candidate) => candidate.name), UNIFORM_USAGE]);
  }
  if (given.size === 0) return found;
  const configurable = CONFIGURABLE.find((candidate) => candidate.name === name);
  if (configurable === undefined) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `recipe "${name}" has no options`,
      expected: `options of ${CONFIGURABLE.map((candidate) => candidate.name).join(", ")}`,
      received: `"${text}"`,
    });
  }
  return configurable.configure(given);
}
