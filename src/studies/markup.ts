/**
 * HTML and SVG as strings that cannot be injected into: the `markup` tag escapes every value that is not markup
 * itself. Knows nothing of reports.
 */

const raw = Symbol("raw");

/** Text that is already markup. Only this file makes it. */
export interface Markup {
  readonly [raw]: string;
}

export type MarkupValue = Markup | string | number | null | undefined | false | readonly MarkupValue[];

/** Joins a template: values are escaped, markup goes in as it is, lists are joined, nothing stays nothing. */
export function markup(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const joined = parts.reduce(
    (text, part, i) => text + part + (i < values.length ? render(values[i]) : ""),
    "",
  );
  return { [raw]: joined };
}

/** The markup as text, to be written to a file. */
export function markupText(value: Markup): string {
  return value[raw];
}

/** Markup from a constant of this project, such as a style sheet; never from what a user or a file says. */
export function trusted(constant: string): Markup {
  return { [raw]: constant };
}

function render(value: MarkupValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escaped(value);
  if (typeof value === "number") return String(value);
  if (isList(value)) return value.map(render).join("");
  return value[raw];
}

function isList(value: Markup | readonly MarkupValue[]): value is readonly MarkupValue[] {
  return Array.isArray(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
