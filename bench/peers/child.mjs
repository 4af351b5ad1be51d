/**
 * A peer in a process of its own that runs steps when it is told to: one line in (how many steps), one line out. Knows
 * nothing of what it runs.
 */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** Starts a script of this folder in the virtual environment that `setup.sh` made. */
export function startPython(script, args, env = {}) {
  const python = join(process.env.PEERS_VENV ?? join(here, ".venv"), "bin", "python");
  return startChild(python, [join(here, script), ...args.map(String)], env);
}

/**
 * Starts `command args`; resolves when it has said `ready …`. `ask(line)` resolves with the line that it answers, `run(line)`
 * with the number (milliseconds of a step) that the answer is. `close()` ends it.
 */
export async function startChild(command, args, env = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${command} ${args.join(" ")} ended with code ${code}`)));
  });
  // Handled where it is awaited; an exit after close() is no failure.
  failed.catch(() => {});
  const nextLine = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    // The output ends before the exit is known.
    return done ? failed : value;
  };
  const greeting = await nextLine();
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    return nextLine();
  };
  return {
    greeting,
    ask,
    run: async (line) => Number(await ask(line)),
    close: () => child.kill(),
  };
}
