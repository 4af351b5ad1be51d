/**
 * Any recipe with another accumulator in its GEMMs: `fp8:accumulator=fp16c64`. What a sum of products computes is the
 * kernels' business (accumulators.ts); here is only the option and what the recipe then says of itself.
 */
import { RoundoffError, require } from "../base/errors.ts";
import { accumulatorProfile } from "../kernels/accumulators.ts";
import type { Recipe } from "../precision/recipe.ts";

const OPTION = "accumulator";

/** Splits the option off a recipe's text; `accumulator` is undefined where it is not given. */
export function splitAccumulator(text: string): { readonly rest: string; readonly accumulator?: string } {
  const parts = text.split(":");
  const given = parts.filter((part) => part.startsWith(`${OPTION}=`));
  require(given.length <= 1, "INVALID_ARGUMENT", () => ({
    what: `recipe "${text}" names two accumulators`,
    expected: `${OPTION}=NAME once`,
    received: given.join(", "),
  }));
  const rest = parts.filter((part) => part !== given[0]).join(":");
  return { rest, accumulator: given[0]?.slice(OPTION.length + 1) };
}

/**
 * The recipe with this accumulator in every GEMM; `fp32` is the recipe itself.
 * @throws RoundoffError UNKNOWN_NAME, or UNSUPPORTED for a profile that only goes with particular operands.
 */
export function withAccumulator(recipe: Recipe, text: string): Recipe {
  const { name, accumulator, computes } = accumulatorProfile(text);
  if (name === "fp32") return recipe;
  if (accumulator === undefined) {
    throw new RoundoffError("UNSUPPORTED", {
      what: `a recipe cannot ask for accumulator ${name}`,
      expected: "fp32, fp64, amxBf16, vdpbf16, or a float format with a chunk, such as fp16c64",
      received: `"${text}"`,
      hint: "Integer recipes add in INT32 by themselves.",
    });
  }
  const choice = {
    what: "accumulator",
    setting: name,
    basis: "ours",
    from: `The option: ${computes}`,
  } as const;
  return {
    ...recipe,
    name: `${recipe.name}:${OPTION}=${name}`,
    summary: `${recipe.summary}; sums of products in ${name}`,
    policy: { ...recipe.policy, accumulators: [{ accumulator }] },
    choices: [...recipe.choices.filter(({ what }) => what !== "accumulator"), choice],
    options: { ...recipe.options, [OPTION]: name },
  };
}
