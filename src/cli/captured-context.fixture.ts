/** A context for tests: runs the command line in this process and keeps what it writes. */
import type { CliContext } from "./context.ts";
import { runCli } from "./run-cli.ts";

export interface CapturedRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `argv` with the reference kernels' environment of a fresh user: no cache, no settings. */
export async function runCaptured(
  argv: readonly string[],
  cacheDirectory = "/nonexistent",
): Promise<CapturedRun> {
  let [stdout, stderr] = ["", ""];
  const context: CliContext = {
    environment: { cacheDirectory },
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    terminal: false,
    columns: 80,
    takeSignal: () => new AbortController().signal,
  };
  const exitCode = await runCli(argv, context);
  return { exitCode, stdout, stderr };
}

/** The one JSON document on stdout; throws when there is more or less. */
export async function runJson<T>(argv: readonly string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await runCaptured([...argv, "--json"]);
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
