/**
 * The one error type that a user of Roundoff sees. Every message answers four questions: what was wrong,
 * what was expected, what came, and what to do. Knows nothing of the rest of the project.
 */

/** Codes are stable: scripts and docs refer to them. */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "UNKNOWN_NAME"
  | "SHAPE_MISMATCH"
  | "DATA_MISSING"
  | "DATA_CORRUPT"
  | "FILE_UNREADABLE"
  | "OUTPUT_UNWRITABLE"
  | "LOCKED"
  | "OUT_OF_MEMORY"
  | "KERNELS_UNAVAILABLE"
  | "UNSUPPORTED"
  | "DIVERGED"
  | "INTERRUPTED";

export interface ErrorParts {
  /** What was wrong, as a clause: `option --epochs is not a positive integer`. */
  readonly what: string;
  readonly expected?: string;
  readonly received?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error that a user can act on. `message` is one line that joins the given parts. */
export class RoundoffError extends Error {
  readonly code: ErrorCode;
  readonly parts: ErrorParts;

  constructor(code: ErrorCode, parts: ErrorParts) {
    super(formatParts(parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = "RoundoffError";
    this.code = code;
    this.parts = parts;
  }
}

function formatParts({ what, expected, received, hint }: ErrorParts): string {
  const facts = [
    expected === undefined ? "" : `expected ${expected}`,
    received === undefined ? "" : `received ${received}`,
  ].filter((fact) => fact !== "");
  const tail = facts.length > 0 ? ` (${facts.join("; ")})` : "";
  return `${what}${tail}${hint === undefined ? "" : `. ${hint}`}`;
}

/** Throws a `RoundoffError` unless `condition` holds. `parts` is only built when it fails. */
export function require(condition: boolean, code: ErrorCode, parts: () => ErrorParts): asserts condition {
  if (!condition) throw new RoundoffError(code, parts());
}

/** The error for a file of the user's that is there and cannot be read; `cause`: what the system said. */
export function unreadable(path: string, cause: unknown): RoundoffError {
  const received = cause instanceof Error ? cause.message : String(cause);
  return new RoundoffError("FILE_UNREADABLE", { what: `cannot read ${path}`, received, cause });
}

/** The error for a name that is not in a catalogue: lists what is, and the closest match. */
export function unknownName(kind: string, name: string, known: readonly string[]): RoundoffError {
  const close = closest(name, known);
  return new RoundoffError("UNKNOWN_NAME", {
    what: `unknown ${kind} "${name}"`,
    expected: `one of ${known.join(", ")}`,
    received: `"${name}"`,
    hint: close === undefined ? undefined : `Did you mean "${close}"?`,
  });
}

function closest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.round(name.length / 2.5))
    ? best.candidate
    : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
