/**
 * One run of the command line: parse, dispatch, and turn what is thrown into an exit code. Knows the list of commands
 * and nothing of what they do. Does not touch `process`; main.ts does.
 */
import { Command } from "commander";
import { packageVersion } from "../train/header.ts";
import { COMMANDS } from "./commands/index.ts";
import type { CliContext } from "./context.ts";
import { describeFailure } from "./failure.ts";

/** Runs `argv` (without node and script) and gives the exit code. Never throws. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  let running = "roundoff";
  try {
    const program = createProgram(context);
    for (const group of withSubcommands(program)) {
      group.hook("preSubcommand", (_group, command) => {
        running = fullName(command);
      });
    }
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    const { exitCode, message } = describeFailure(error, running);
    if (message !== "") context.stderr(`${message}\n`);
    return exitCode;
  }
}

/** The command tree. Exported for the tests that hold it to the documented commands and options. */
export function createProgram(context: CliContext): Command {
  const program = new Command("roundoff");
  program
    .description("Train neural networks in any number format, and learn whether the format was good enough.")
    .version(packageVersion())
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: context.stdout,
      writeErr: context.stderr,
      // Said once, by describeFailure, in the form of every other error.
      outputError: () => undefined,
    });
  for (const register of COMMANDS) register(program, context);
  return program;
}

/** `roundoff format show`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** The command and every command below it. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((sub) => withSubcommands(sub))];
}
