/**
 * What a command gets from the outside: streams, settings of the environment, a signal that says stop. Commands touch
 * `process` only through this, so tests run them in the same process. Knows no command.
 */
import type { Environment } from "./environment.ts";

export interface CliContext {
  readonly environment: Environment;
  /** Results only: with --json exactly one document. */
  readonly stdout: (text: string) => void;
  /** Progress, logs, errors. */
  readonly stderr: (text: string) => void;
  /** Whether stderr is a terminal (colours, a progress bar that rewrites its line). */
  readonly terminal: boolean;
  /** Columns of that terminal. */
  readonly columns: number;
  /**
   * Taking this promises to stop soon after it aborts, with state that can be resumed. While no command has taken
   * it, Ctrl-C ends the process at once.
   */
  takeSignal(): AbortSignal;
}

/** Prints a result: one JSON document, or the text for people. */
export function printResult(context: CliContext, json: boolean, value: unknown, text: () => string): void {
  context.stdout(json ? `${toJson(value)}\n` : `${text()}\n`);
}

/** JSON with numbers that JSON does not have as the strings "NaN", "Infinity" and "-Infinity". */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "number" && !Number.isFinite(item) ? String(item) : item,
  );
}
