/**
 * Makes a clone ready to run: packages, TypeScript, native kernels, the `roundoff` command. Every step looks whether
 * its result is already there, so a second run costs well under a second. Plain Node, no dependency: it runs before
 * any package is installed. A missing compiler is not a failure (tools/build-native.mjs says so and goes on).
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const STAMP = join(ROOT, "dist", ".sources.sha256");
const COMMAND = join(ROOT, "dist", "cli", "main.js");

/** A failure that the user can act on: printed without a stack. */
class SetupError extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(
    `Node ${process.versions.node} is too old (expected 20.19 or newer). Install a newer Node and run this again.`,
  );
}

function run(command, args, purpose) {
  // stdout goes to stderr: `npm run quick` may be piped, and only the command itself should write to stdout.
  const result = spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (result.error !== undefined) throw new SetupError(`${purpose}: ${command}: ${result.error.message}`);
  if (result.status !== 0) {
    throw new SetupError(
      `${purpose} failed: ${command} ${args.join(" ")} ended with ${result.status ?? result.signal}`,
    );
  }
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** True when every package of the lock is installed at its version (npm writes what it installed to a hidden lock). */
function packagesAreInstalled() {
  const wanted = readJson(join(ROOT, "package-lock.json"));
  const installed = readJson(join(ROOT, "node_modules", ".package-lock.json"));
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    const found = installed.packages[path];
    if (path === "" || (entry.optional === true && found === undefined)) return true;
    return found?.version === entry.version && existsSync(join(ROOT, path));
  });
}

/**
 * Whether the lock names every optional package that a locked package lists. `npm ci` refuses a lock that does not, and
 * npm writes such a lock when its registry lacks the builds for other platforms.
 */
function lockIsComplete() {
  const { packages } = readJson(join(ROOT, "package-lock.json"));
  return Object.entries(packages).every(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).every(
      (name) => packages[`node_modules/${name}`] ?? packages[`${path}/node_modules/${name}`],
    ),
  );
}

function installPackages() {
  if (packagesAreInstalled()) return "up to date";
  // --include=dev: the build needs TypeScript even where NODE_ENV=production makes npm leave it out.
  // --no-save: takes versions and hashes from the lock as `npm ci` does, and leaves the lock as it is.
  const how = lockIsComplete() ? ["ci"] : ["install", "--no-save"];
  run("npm", [...how, "--include=dev", "--no-audit", "--no-fund"], "installing packages");
  if (!packagesAreInstalled())
    throw new SetupError("npm installed other packages than package-lock.json names.");
  return "installed";
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesUnder(path) : [path];
    });
}

function hashOfSources() {
  const sources = filesUnder(join(ROOT, "src")).filter(
    (path) => path.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(path),
  );
  const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json"].map((name) =>
    join(ROOT, name),
  );
  const hash = createHash("sha256");
  for (const path of [...settings, ...sources]) {
    hash
      .update(`${relative(ROOT, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex");
}

function buildTypeScript() {
  const hash = hashOfSources();
  if (existsSync(COMMAND) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === hash) return "up to date";
  // Built beside and renamed: dist/ is never half new, and files whose source is gone do not linger.
  const next = join(ROOT, "build", "dist.next");
  rmSync(next, { recursive: true, force: true });
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  try {
    run(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", next], "building TypeScript");
  } catch (error) {
    rmSync(next, { recursive: true, force: true });
    throw error;
  }
  writeFileSync(join(next, ".sources.sha256"), hash);
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  renameSync(next, join(ROOT, "dist"));
  return "built";
}

function buildNative() {
  const target = join(ROOT, "build", "roundoff.node");
  run(process.execPath, [join(ROOT, "tools", "build-native.mjs")], "building native kernels");
  return existsSync(target) ? "ready" : "not available, the reference kernels serve";
}

function linkCommand() {
  chmodSync(COMMAND, 0o755);
  const link = join(ROOT, "node_modules", ".bin", "roundoff");
  const target = relative(dirname(link), COMMAND);
  mkdirSync(dirname(link), { recursive: true });
  try {
    if (readlinkSync(link) === target) return "up to date";
  } catch {
    // No link yet, or something else under that name: it is replaced below.
  }
  rmSync(link, { force: true });
  symlinkSync(target, link);
  return "linked";
}

const STEPS = [
  { name: "packages", work: installPackages },
  { name: "typescript", work: buildTypeScript },
  { name: "native kernels", work: buildNative },
  { name: "command npx roundoff", work: linkCommand },
];

try {
  checkNode();
  for (const { name, work } of STEPS) {
    const start = process.hrtime.bigint();
    const outcome = work();
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    process.stderr.write(`setup: ${name}: ${outcome} (${seconds.toFixed(1)} s)\n`);
  }
} catch (error) {
  process.stderr.write(`setup: error: ${error instanceof SetupError ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
