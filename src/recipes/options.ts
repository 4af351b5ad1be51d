/**
 * Recipes with options, as text that a study file, a command line and a run record can hold: `fp8:scale=1000:master=fp32`.
 * The name of a recipe, then `option=value` parts after colons (commas already separate recipes in lists). An option that
 * is not given has the recipe's own value. Knows the grammar and kinds of values; what an option means is the recipe's.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";
import type { Recipe } from "../precision/recipe.ts";

/** How a value is read and written. `parse` gives undefined for text that is not one. */
export interface OptionKind<T> {
  /** What is allowed, for messages: `"none" or a number above 0`. */
  readonly expected: string;
  readonly parse: (text: string) => T | undefined;
  readonly print: (value: T) => string;
}

export type OptionKinds<O> = { readonly [Name in keyof O & string]: OptionKind<O[Name]> };

/** A recipe whose options can be chosen. */
export interface Configurable {
  readonly name: string;
  /** What each option takes, and its value in the recipe as it is. */
  readonly options: Readonly<Record<string, { readonly expected: string; readonly value: string }>>;
  /** The recipe with these option texts. Throws UNKNOWN_NAME and INVALID_ARGUMENT. */
  readonly configure: (given: ReadonlyMap<string, string>) => Recipe;
}

/** What a recipe file gives to be configurable: the kinds of its options, their values, and how to make it. */
export interface RecipeForm<O> {
  readonly kinds: OptionKinds<O>;
  readonly values: O;
  /** `name` says which options differ from `values`. */
  readonly create: (name: string, options: O) => Recipe;
}

export function configurable<O>(name: string, { kinds, values, create }: RecipeForm<O>): Configurable {
  const names = Object.keys(kinds) as (keyof O & string)[];
  return {
    name,
    options: Object.fromEntries(
      names.map((key) => [key, { expected: kinds[key].expected, value: kinds[key].print(values[key]) }]),
    ),
    configure(given) {
      const chosen: O = { ...values };
      for (const [key, text] of given) {
        const option = names.find((candidate) => candidate === key);
        if (option === undefined) throw unknownName(`option of recipe ${name}`, key, names);
        chosen[option] = readValue(`option "${option}" of recipe ${name}`, kinds[option], text);
      }
      const parts = names
        .filter((key) => given.has(key))
        .map((key) => `${key}=${kinds[key].print(chosen[key])}`);
      const recipe = create([name, ...parts].join(":"), chosen);
      const options = Object.fromEntries(names.map((key) => [key, kinds[key].print(chosen[key])]));
      return { ...recipe, options };
    },
  };
}

function readValue<T>(what: string, kind: OptionKind<T>, text: string): T {
  const value = kind.parse(text);
  if (value !== undefined) return value;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `${what} cannot be read`,
    expected: kind.expected,
    received: `"${text}"`,
  });
}

/** `fp8:scale=1000` → the name and its option texts. Throws INVALID_ARGUMENT for parts that are no `option=value`. */
export function splitRecipeText(text: string): { name: string; given: ReadonlyMap<string, string> } {
  const [name, ...parts] = text.split(":");
  const given = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf("=");
    const key = part.slice(0, Math.max(0, equals));
    if (key === "" || given.has(key)) {
      throw new RoundoffError("INVALID_ARGUMENT", {
        what: `the options of recipe "${text}" cannot be read`,
        expected: "name:option=value:option=value, each option once, for example fp8:scale=1000:master=fp32",
        received: `"${part}"`,
      });
    }
    given.set(key, part.slice(equals + 1));
  }
  return { name, given };
}

/** One of a few words. */
export function word<const T extends string>(choices: readonly T[]): OptionKind<T> {
  return {
    expected: choices.join(" | "),
    parse: (text) => choices.find((choice) => choice === text),
    print: (value) => value,
  };
}

/** A whole number in [low, high]. */
export function wholeNumber(low: number, high: number): OptionKind<number> {
  return {
    expected: `a whole number from ${low} to ${high}`,
    parse(text) {
      const value = Number(text);
      return /^\d+$/.test(text) && value >= low && value <= high ? value : undefined;
    },
    print: String,
  };
}

/** Values of `kind`, or the word that stands for a value beside them. */
export function orWord<T, const W extends string>(special: W, kind: OptionKind<T>): OptionKind<T | W> {
  return {
    expected: `${special} | ${kind.expected}`,
    parse: (text) => (text === special ? special : kind.parse(text)),
    print: (value) => (value === special ? special : kind.print(value as T)),
  };
}

/** A number above 0. */
export const positiveNumber: OptionKind<number> = {
  expected: "a number above 0",
  parse(text) {
    const value = Number(text);
    return text.trim() !== "" && value > 0 && Number.isFinite(value) ? value : undefined;
  },
  print: String,
};

/** `none`, or parts joined by `+`. */
export function listOf<T>({ expected, parse, print }: OptionKind<T>): OptionKind<readonly T[]> {
  return {
    expected: `none | ${expected}, several joined by +`,
    parse(text) {
      if (text === "none") return [];
      const items = text.split("+").map((part) => parse(part));
      return items.every((item) => item !== undefined) ? items : undefined;
    },
    print: (values) => (values.length === 0 ? "none" : values.map(print).join("+")),
  };
}
