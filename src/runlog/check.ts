/**
 * Checks of values that came out of a JSON file, as small functions to put together. A failed check names the path to
 * the value. Unknown fields are left out of the result, so newer writers do not break older readers.
 */
import { RoundoffError } from "../base/errors.ts";
import { showValue } from "../base/show-value.ts";
import { decodeNumber } from "./numbers.ts";
import type { Settings, SettingValue } from "./schema.ts";

/** Returns the value as T, or throws DATA_CORRUPT with the path. */
export type Check<T> = (value: unknown, path: string) => T;

export const text: Check<string> = (value, path) =>
  typeof value === "string" ? value : fail(path, "a string", value);

/** Any number, the ones that JSON cannot write included. */
export const number: Check<number> = (value, path) => decodeNumber(value) ?? fail(path, "a number", value);

/** A whole number from 0 to 2^53 − 1. */
export const count: Check<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : fail(path, "a whole number, not negative", value);

/** One of these values and no other. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Check<T> {
  const expected = values.map((item) => JSON.stringify(item)).join(" or ");
  return (value, path) => values.find((item) => item === value) ?? fail(path, expected, value);
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((item, index) => check(item, `${path}[${index}]`))
      : fail(path, "a list", value);
}

/** An object with these fields. A field whose check gives undefined is left out. */
export function fields<T extends object>(
  checks: {
    // Over Required<T>, so that no check of an optional field can be forgotten.
    readonly [Key in keyof Required<T>]: Check<T[Key]>;
  },
): Check<T> {
  const names = Object.keys(checks) as (keyof T & string)[];
  return (value, path) => {
    const source = object(value, path);
    const result: Partial<T> = {};
    for (const name of names) {
      const field = checks[name](source[name], path === "" ? name : `${path}.${name}`);
      if (field !== undefined) result[name] = field;
    }
    return result as T;
  };
}

/** An object with any names and values that pass `check`. */
export function recordOf<T>(check: Check<T>): Check<Record<string, T>> {
  return (value, path) =>
    Object.fromEntries(
      Object.entries(object(value, path)).map(([name, item]) => [name, check(item, `${path}.${name}`)]),
    );
}

/** Free-form settings. The words for numbers that JSON lacks are read as numbers here too. */
export const settings: Check<Settings> = (value, path) => settingsBelow(value, path, 0);

/** Deeper settings are no settings: the checks recurse, and a file may not decide how far. */
const MAX_DEPTH = 32;

function settingsBelow(value: unknown, path: string, depth: number): Settings {
  return recordOf<SettingValue>((item, at) => settingValue(item, at, depth))(value, path);
}

function settingValue(value: unknown, path: string, depth: number): SettingValue {
  if (value === null || typeof value === "boolean") return value;
  const asNumber = decodeNumber(value);
  if (asNumber !== undefined) return asNumber;
  if (typeof value === "string") return value;
  if (depth >= MAX_DEPTH) return fail(path, `settings nested at most ${MAX_DEPTH} deep`, value);
  if (Array.isArray(value))
    return value.map((item, index) => settingValue(item, `${path}[${index}]`, depth + 1));
  return settingsBelow(value, path, depth + 1);
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  return fail(path === "" ? "the line" : path, "an object", value);
}

function fail(path: string, expected: string, value: unknown): never {
  throw new RoundoffError("DATA_CORRUPT", {
    what: `${path} is not what it should be`,
    expected,
    received: showValue(value, 80),
  });
}
