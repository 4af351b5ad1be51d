/**
 * Numbers that JSON cannot write: NaN, the infinities and −0 become strings and come back as numbers. A diverged run
 * is a result, so its losses must survive. Runs in a browser too.
 */

const BY_WORD: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

/** `JSON.stringify` on one line, with the numbers that JSON lacks as the strings "NaN", "Infinity", "-Infinity", "-0". */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== "number") return item;
    if (Object.is(item, -0)) return "-0";
    return Number.isFinite(item) ? item : String(item);
  });
}

/** The number that JSON value `item` stands for, or undefined if it stands for none. */
export function decodeNumber(item: unknown): number | undefined {
  if (typeof item === "number") return item;
  return typeof item === "string" ? BY_WORD.get(item) : undefined;
}
