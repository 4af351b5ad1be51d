/** A short text for any JSON value in a message: never long, and never an error of its own, however deep the value is nested. */

/** JSON of `value`, cut off after `length` characters; "nothing" for undefined. */
export function showValue(value: unknown, length = 60): string {
  if (value === undefined) return "nothing";
  try {
    const text = JSON.stringify(value);
    return text.length > length ? `${text.slice(0, length - 3)}...` : text;
  } catch {
    // JSON.stringify recurses, JSON.parse does not: a file of 10,000 brackets overflows the stack only here.
    return "a value that is nested too deeply to show";
  }
}
