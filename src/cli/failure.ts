/**
 * From what was thrown to what the user sees: the exit code and the text on stderr. Exit codes are a contract:
 * 0 done, 2 the user's mistake, 130 interrupted, 1 a negative result (printed) or a fault of the program itself.
 */
import { CommanderError } from "commander";
import { RoundoffError } from "../base/errors.ts";

export interface Failure {
  readonly exitCode: number;
  /** One or more lines without a final newline; empty when there is nothing to say. */
  readonly message: string;
}

const INTERRUPTED_EXIT = 130;

const UNKNOWN = new Set(["commander.unknownOption", "commander.unknownCommand"]);

/** `commandName` is the full name of the command that ran, `roundoff format show`, for the hint about its help. */
export function describeFailure(error: unknown, commandName: string): Failure {
  if (error instanceof RoundoffError) {
    const exitCode = error.code === "INTERRUPTED" ? INTERRUPTED_EXIT : 2;
    return { exitCode, message: `error[${error.code}]: ${error.message}` };
  }
  if (error instanceof NegativeResult) return { exitCode: 1, message: error.message };
  if (error instanceof CommanderError) return commanderFailure(error, commandName);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: 1, message: `error[INTERNAL]: this is a fault of Roundoff, not of its input: ${text}` };
}

function commanderFailure(error: CommanderError, commandName: string): Failure {
  // Help or the version was asked for, and printed.
  if (error.exitCode === 0) return { exitCode: 0, message: "" };
  if (error.code === "commander.help") {
    return { exitCode: 2, message: `error[INVALID_ARGUMENT]: \`${commandName}\` needs a command after it.` };
  }
  const code = UNKNOWN.has(error.code) ? "UNKNOWN_NAME" : "INVALID_ARGUMENT";
  const sentence = error.message
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
  return {
    exitCode: 2,
    message: `error[${code}]: ${sentence}. Run \`${commandName} --help\` for what it accepts.`,
  };
}

/** A command did its work and printed the result, and the result is a negative one: exit code 1. */
export class NegativeResult extends Error {}
