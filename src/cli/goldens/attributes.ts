/**
 * Reads the attributes of a golden case and remembers which were read: an attribute that nobody asked for would change
 * the meaning of the case, so it makes the case unsupported instead of being overlooked.
 */
import { RoundoffError } from "../../base/errors.ts";

export class Attributes {
  private readonly values: Readonly<Record<string, unknown>>;
  private readonly unread: Set<string>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values;
    this.unread = new Set(Object.keys(values));
  }

  /** Whether the attribute is given, and not null. */
  has(name: string): boolean {
    const given = (this.values[name] ?? null) !== null;
    if (!given) this.unread.delete(name);
    return given;
  }

  private take(name: string): unknown {
    this.unread.delete(name);
    return this.values[name];
  }

  number(name: string, fallback?: number): number {
    const value = this.take(name) ?? fallback;
    if (typeof value === "number") return value;
    throw this.unsupported(name, value, "a number");
  }

  /** One of `words` if it is a text that is one, else undefined: the attribute then has another form. */
  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    const word = words.find((candidate) => candidate === this.values[name]);
    if (word !== undefined) this.unread.delete(name);
    return word;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.take(name) ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.unsupported(name, value, "true or false");
  }

  /** A number for rows and columns alike, or [rows, columns]. */
  pair(name: string, fallback?: number | readonly [number, number]): readonly [number, number] {
    const value = this.take(name) ?? fallback;
    if (typeof value === "number") return [value, value];
    if (Array.isArray(value) && value.length === 2 && value.every((size) => typeof size === "number")) {
      return [value[0], value[1]];
    }
    throw this.unsupported(name, value, "a number or a pair of numbers");
  }

  /** A pair of sizes, each of which may be null: left as it is. */
  sizes(name: string): readonly [number | null, number | null] {
    const value = this.take(name);
    const [rows, columns]: unknown[] = Array.isArray(value) ? value : [value, value];
    const isSize = (size: unknown): size is number | null => size === null || typeof size === "number";
    if (isSize(rows) && isSize(columns)) return [rows, columns];
    throw this.unsupported(name, value, "a size or a pair of sizes");
  }

  /** A number, or null. */
  nullable(name: string, fallback: number): number | null {
    return this.values[name] === null ? (this.take(name) as null) : this.number(name, fallback);
  }

  /** A list of numbers; one number is a list of one. */
  numbers(name: string): readonly number[] {
    const given = this.take(name);
    const value = typeof given === "number" ? [given] : given;
    if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value;
    throw this.unsupported(name, value, "a list of numbers");
  }

  /** One of a few words; the first is the default. */
  choice<const Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.take(name) ?? words[0];
    const word = words.find((known) => known === value);
    if (word !== undefined) return word;
    throw this.unsupported(name, value, words.join(", "));
  }

  /** For settings that Roundoff has at one value only: absent, or exactly this. */
  only(name: string, value: number | boolean): void {
    const given = this.take(name) ?? value;
    if (given !== value) throw this.unsupported(name, given, String(value));
  }

  /** Throws UNSUPPORTED unless every attribute was read. */
  finish(): void {
    const [name] = this.unread;
    if (name !== undefined) throw this.unsupported(name, this.values[name], "no such attribute");
  }

  private unsupported(name: string, value: unknown, expected: string): RoundoffError {
    const received = JSON.stringify(value);
    return new RoundoffError("UNSUPPORTED", {
      what: `attribute ${name} of this operation`,
      expected,
      received,
    });
  }
}
