/**
 * From the text of an option to its value. One place, so that every command refuses a bad number or an unknown name
 * in the same words. Knows no command.
 */
import { RoundoffError, unknownName } from "../base/errors.ts";

export interface IntegerRange {
  readonly min: number;
  readonly max?: number;
}

/** A whole number in plain decimal digits within the range; INVALID_ARGUMENT otherwise. `name` is for the message. */
export function parseInteger(
  name: string,
  text: string,
  { min, max = Number.MAX_SAFE_INTEGER }: IntegerRange,
): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `${name} is not a valid whole number`,
    expected: `an integer from ${min} to ${max}`,
    received: `"${text}"`,
  });
}

/** Parser for commander: an integer option within a range. */
export function integerOption(name: string, range: IntegerRange): (text: string) => number {
  return (text) => parseInteger(name, text, range);
}

/** Parser for commander: a finite number greater than zero, in decimal or scientific notation. */
export function positiveOption(name: string): (text: string) => number {
  return (text) => parseNumber(name, text, "a number greater than 0", (value) => value > 0);
}

/** Parser for commander: a finite number of at least 0. */
export function notNegativeOption(name: string): (text: string) => number {
  return (text) => parseNumber(name, text, "a number of at least 0", () => true);
}

/** Parser for commander: a number of at least 0 and below 1. */
export function fractionOption(name: string): (text: string) => number {
  return (text) => parseNumber(name, text, "a number of at least 0 and below 1", (value) => value < 1);
}

/** Digits with an optional point and exponent, no sign but plus; Number() alone would take "" and "0x1". */
function parseNumber(
  name: string,
  text: string,
  expected: string,
  holds: (value: number) => boolean,
): number {
  const value = /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value) && holds(value)) return value;
  throw new RoundoffError("INVALID_ARGUMENT", {
    what: `${name} is not a valid number`,
    expected,
    received: `"${text}"`,
  });
}

/** Parser for commander: one of a list of names; UNKNOWN_NAME with the closest match otherwise. */
export function choiceOption<T extends string>(name: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw unknownName(`value for ${name}`, text, choices);
    return found;
  };
}

/** Parser for commander: a list `a,b,c` without empty parts. */
export function listOption(name: string): (text: string) => readonly string[] {
  return (text) => {
    const parts = text.split(",").map((part) => part.trim());
    if (parts.every((part) => part !== "")) return parts;
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `${name} has an empty part`,
      expected: "names separated by commas",
      received: `"${text}"`,
    });
  };
}

/** Parser for commander: a shape `64x200`, sizes of at least 0. */
export function shapeOption(name: string): (text: string) => readonly number[] {
  return (text) => {
    const sizes = text.split("x").map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
    if (sizes.every(Number.isSafeInteger)) return sizes;
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `${name} is not a shape`,
      expected: "whole numbers joined by x, such as 64x200",
      received: `"${text}"`,
    });
  };
}
