/** The command as a process of its own: exit codes, streams, signals. Everything else is tested without a process. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "dist", "cli", "main.js");

/** Bytes of output that are kept: all values of a 16-bit format are more than spawnSync's default. */
const MAX_OUTPUT = 2 ** 24;

let folder = "";
let child: ChildProcess | undefined;
beforeAll(() => {
  // A no-op right after the set-up of `npm test`; it keeps a lone run of this file from testing an old build.
  const setup = spawnSync(process.execPath, [join(ROOT, "tools", "setup.mjs")], { encoding: "utf8" });
  if (setup.status !== 0) throw new Error(setup.stderr);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roundoff-main-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => {
  child = undefined;
});

function run(argv: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [MAIN, ...argv], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: MAX_OUTPUT,
  });
}

/** Starts the command and gives its exit code when it ends. */
function start(argv: readonly string[]): { process: ChildProcess; exit: Promise<number | null> } {
  const started = spawn(process.execPath, [MAIN, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
  child = started;
  return { process: started, exit: new Promise((resolve) => started.on("close", resolve)) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("the process", () => {
  it("prints exactly one JSON document on stdout and exits 0", () => {
    const { status, stdout, stderr } = run(["format", "show", "fp16", "--json"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect((JSON.parse(stdout) as { values: unknown[] }).values).toHaveLength(65536);
  });

  it("exits 2 on a mistake, with nothing on stdout", () => {
    const { status, stdout, stderr } = run(["info", "--json", "--kernel", "x"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error\[UNKNOWN_NAME\]: .*--kernel/);
  });

  it("exits 2 on a bad environment variable", () => {
    const { status, stderr } = run(["info"], { ROUNDOFF_THREADS: "many" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error\[INVALID_ARGUMENT\]: ROUNDOFF_THREADS/);
  });

  it("ends quietly when its reader leaves", () => {
    const script = `"${process.execPath}" "${MAIN}" format show fp16 --json | head -c 10`;
    const { stdout, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    expect([stdout, stderr]).toEqual(['{"kind":"f', ""]);
  });
});

describe("Ctrl-C", () => {
  it("exits 130 after the work that is under way", async () => {
    const argv = [
      "bench",
      "step",
      "--model",
      "mlp",
      "--batch",
      "2",
      "--rounds",
      "1000000",
      "--kernels",
      "reference",
    ];
    const { process: bench, exit } = start(argv);
    await new Promise((resolve) => bench.stderr?.once("data", resolve));
    bench.kill("SIGINT");
    expect(await exit).toBe(130);
  });

  it("exits 130 at once from a command with nothing to save, and leaves no part of an output", async () => {
    const pipe = join(folder, "in");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const { process: convert, exit } = start([
      "convert",
      "--format",
      "bf16",
      "--in",
      pipe,
      "--out",
      join(folder, "out"),
    ]);
    await until(() => readdirSync(folder).some((name) => name.endsWith(".partial")));
    // The command is now waiting for the other end of the pipe; open it, so that the process can end.
    const writer = openSync(pipe, "r+");
    convert.kill("SIGINT");
    await until(() => readdirSync(folder).join() === "in");
    closeSync(writer);
    expect(await exit).toBe(130);
  });
});
