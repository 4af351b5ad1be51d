/**
 * Hand-written checks of parsed JSON that name the exact place of a mistake: `studies.quick.settings[1].epochs`.
 * Knows nothing of what a study is: spec.ts says which fields there are.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";
import { showValue } from "../base/show-value.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A check: gives back the value as what it was found to be, or throws a RoundoffError that names `path`. */
export type Check<T> = (value: unknown, path: string) => T;

/** The error for a value that is not what a field takes. */
export function fieldError(path: string, expected: string, value: unknown, hint?: string): RoundoffError {
  return new RoundoffError("INVALID_ARGUMENT", {
    what: `${path}: wrong value`,
    expected,
    received: showValue(value),
    hint,
  });
}

/** An object whose fields are all among `known`: a misspelt field is an error, never silently unused. */
export function objectOf(value: unknown, path: string, known: readonly string[]): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw fieldError(path, "an object", value);
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw unknownName(`field in ${path}:`, name, known);
  }
  return value as JsonObject;
}

/** A text that is not empty. */
export const text: Check<string> = (value, path) => {
  if (typeof value !== "string" || value.trim() === "") throw fieldError(path, "a text", value);
  return value;
};

/** A name that can be part of a file name on every system: lower-case letters, digits, single hyphens or dots. */
export const name: Check<string> = (value, path) => {
  if (typeof value !== "string" || !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(value))
    throw fieldError(path, "a name of lower-case letters, digits and hyphens", value);
  return value;
};

/** A whole number in [low, high]. */
export function whole(low: number, high = Number.MAX_SAFE_INTEGER): Check<number> {
  const wanted =
    low === 1 && high === Number.MAX_SAFE_INTEGER ? "a positive integer" : `an integer of at least ${low}`;
  return (value, path) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < low || value > high)
      throw fieldError(path, wanted, value);
    return value;
  };
}

/** A finite number for which `holds`; `expected` says it in words. */
export function number(expected: string, holds: (value: number) => boolean): Check<number> {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value) || !holds(value))
      throw fieldError(path, expected, value);
    return value;
  };
}

/** One of a few fixed texts. */
export function oneOf<const T extends string>(choices: readonly T[]): Check<T> {
  return (value, path) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined)
      throw fieldError(path, choices.map((choice) => `"${choice}"`).join(" or "), value);
    return found;
  };
}

/** A list of at least one element, all different. */
export function distinctList<T extends string | number>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length === 0)
      throw fieldError(path, "a list with at least one element", value);
    const items = value.map((item: unknown, i) => check(item, `${path}[${i}]`));
    const repeated = items.findIndex((item, i) => items.indexOf(item) !== i);
    if (repeated >= 0)
      throw fieldError(`${path}[${repeated}]`, "a value that is not in the list yet", items[repeated]);
    return items;
  };
}

/** A table from names to values that all pass `check`. */
export function tableOf<T>(check: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw fieldError(path, "an object", value);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, check(item, `${path}.${key}`)]),
    );
  };
}
