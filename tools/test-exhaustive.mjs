/**
 * Compiles test/exhaustive/ (Node runs no TypeScript) to build/exhaustive/ and runs it with the given arguments.
 * `npm run test:exhaustive -- --help` lists them.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

function runNode(...args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  if (error !== undefined) throw error;
  return status ?? 1;
}

const compiled = runNode(
  join(ROOT, "node_modules", "typescript", "bin", "tsc"),
  "-p",
  join(ROOT, "test", "exhaustive", "tsconfig.json"),
);
const main = join(ROOT, "build", "exhaustive", "test", "exhaustive", "main.js");
process.exitCode =
  compiled === 0 ? runNode(main, "--build", join(ROOT, "build"), ...process.argv.slice(2)) : compiled;
