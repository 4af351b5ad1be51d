/**
 * A peer in a process of its own that runs steps when it is told to: one line in (how many steps), one line out
 * (milliseconds of one). Knows nothing of what it runs.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Starts `command args`; resolves when it has said `ready …`. `close()` ends it. */
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
  const nextLine = async () => (await Promise.race([lines.next(), failed])).value;
  const greeting = await nextLine();
  return {
    greeting,
    async run(steps) {
      child.stdin.write(`${steps}\n`);
      return Number(await nextLine());
    },
    close: () => child.kill(),
  };
}
