/**
 * The outside world as the data layer uses it: programs, downloads, who runs us. One small record, so that tests can
 * put another world in its place. Programs run without a shell, with a time limit.
 */
import { spawn } from "node:child_process";
import { RoundoffError } from "../base/errors.ts";

export interface ProgramResult {
  /** `notFound`: there is no such program. `timedOut`: it was stopped. Otherwise its exit code. */
  readonly exit: number | "notFound" | "timedOut";
  /** Standard output and error, in the order they came, cut at 64 KiB. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly directory: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface System {
  run(program: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult>;
  /** The body at `address`; RoundoffError DATA_MISSING on any failure or when it exceeds `maxBytes`. */
  download(
    address: string,
    options: { readonly maxBytes: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;
  isRoot(): boolean;
}

const OUTPUT_LIMIT = 65_536;
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** The real world. */
export const SYSTEM: System = { run, download, isRoot: () => process.getuid?.() === 0 };

function run(program: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    let output = "";
    let timedOut = false;
    const child = spawn(program, args, {
      cwd: options.directory,
      // Messages are recognised by their English text.
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
      signal: options.signal,
    });
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(0, OUTPUT_LIMIT);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, options.timeoutMs);
    child.on("error", (cause: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (cause.code === "ENOENT") resolve({ exit: "notFound", output });
      else if (options.signal?.aborted) reject(interrupted(cause));
      else reject(cause);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ exit: timedOut ? "timedOut" : (code ?? 1), output });
    });
  });
}

async function download(
  address: string,
  options: { readonly maxBytes: number; readonly signal?: AbortSignal },
): Promise<Uint8Array> {
  const { maxBytes, signal } = options;
  const limit = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
  try {
    const response = await fetch(address, {
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    if (signal?.aborted) throw interrupted(cause);
    throw new RoundoffError("DATA_MISSING", {
      what: `cannot download ${address}`,
      received: reason(cause as Error),
      cause,
    });
  }
}

function interrupted(cause: unknown): RoundoffError {
  return new RoundoffError("INTERRUPTED", { what: "fetching the data was interrupted", cause });
}

/** `fetch` hides the useful half ("getaddrinfo ENOTFOUND …") in the cause. */
function reason(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
