#!/usr/bin/env node
/**
 * The process around the command line: streams, signals, exit code. Everything else is in run-cli.ts and below.
 */
import { removeUnfinishedFiles } from "./atomic-file.ts";
import type { CliContext } from "./context.ts";
import { readEnvironment } from "./environment.ts";
import { describeFailure } from "./failure.ts";
import { runCli } from "./run-cli.ts";

/** Signal → exit code, by the shell's rule 128 + number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

const stop = new AbortController();
let signalTaken = false;
/** The code of the signal that asked to stop; a run that stopped for it ends with this. */
let signalExit: number | undefined;

function onSignal(exitCode: number): void {
  if (!signalTaken || stop.signal.aborted) process.exit(exitCode);
  process.stderr.write("\nstopping after this step; once more to stop at once\n");
  signalExit = exitCode;
  stop.abort();
}

for (const [name, exitCode] of Object.entries(SIGNALS)) process.on(name, () => onSignal(exitCode));
process.on("exit", removeUnfinishedFiles);
// `roundoff … | head` closes the pipe early: nothing is left to say then.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

function createContext(): CliContext {
  return {
    environment: readEnvironment(process.env),
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
    takeSignal() {
      signalTaken = true;
      return stop.signal;
    },
  };
}

try {
  const exitCode = await runCli(process.argv.slice(2), createContext());
  process.exitCode = exitCode === SIGNALS.SIGINT ? (signalExit ?? exitCode) : exitCode;
} catch (error) {
  const { exitCode, message } = describeFailure(error, "roundoff");
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
