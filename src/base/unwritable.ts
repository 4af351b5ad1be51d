/** The error for a file operation that failed: which output, and the system's own name of the reason (`ENOSPC`). */
import { RoundoffError } from "./errors.ts";

/** `what` as in ErrorParts. An error that is one of ours already comes back as it is. */
export function unwritable(what: string, cause: unknown, hint?: string): RoundoffError {
  if (cause instanceof RoundoffError) return cause;
  const received = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new RoundoffError("OUTPUT_UNWRITABLE", { what, received, hint, cause });
}

/** Does `action`; a failure is thrown as `unwritable` has it. */
export async function writing<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw unwritable(what, cause, "Check that the folder is writable and has room.");
  }
}
