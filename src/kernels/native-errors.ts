/** Errors of the addon in the words of the project. Knows nothing of what was called. */
import { RoundoffError } from "../base/errors.ts";

/** The addon throws plain TypeErrors that say what is wrong; users see RoundoffErrors only. */
export function translateErrors<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw addonError(what, cause);
  }
}

/** The error that stands for `cause`; `what` could not be done. */
export function addonError(what: string, cause: unknown): RoundoffError {
  const received = cause instanceof Error ? cause.message : String(cause);
  return new RoundoffError("INVALID_ARGUMENT", { what, received, cause });
}
