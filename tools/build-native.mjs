/**
 * Compiles native/ to build/roundoff.node with $CXX (default: g++, then clang++), straight against node-api-headers: no
 * node-gyp, no Python. Recompiles only what changed. Whatever goes wrong, the install goes on: one warning, the reason in
 * build/native.json (read by src/kernels/native-load.ts), exit 0, and no stale addon left behind.
 * `--strict`: print the compiler's messages and exit 1 instead. `--all-tiers`: compile for every processor of this
 * architecture, not only for this one. How files are compiled: native/README.md.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { closureText, digest, planUnits, TIERS_HERE, tiersFor, unitText } from "./native-objects.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const nativeDir = join(root, "native");
const buildDir = join(root, "build");
const objectDir = join(buildDir, "native");
const addonPath = join(buildDir, "roundoff.node");
const recordPath = join(buildDir, "native.json");

const LINK_FLAGS =
  process.platform === "darwin" ? ["-shared", "-undefined", "dynamic_lookup"] : ["-shared", "-pthread"];
/** Objects of other versions of the sources are kept this long, so that switching branches stays cheap. */
const KEEP_STALE_OBJECTS_MS = 24 * 3600 * 1000;
/** A failure that the record and the warning explain; `log` is the compiler's own output. */
class BuildFailure extends Error {
  constructor(reason, log = "") {
    super(reason);
    this.log = log;
  }
}

function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ["g++", "clang++"];
  for (const candidate of candidates) {
    const [command, ...args] = candidate.split(" ").filter((word) => word !== "");
    const answer = spawnSync(command, [...args, "--version"], {
      encoding: "utf8",
    });
    if (answer.status === 0 && answer.stdout.trim() !== "") {
      return { command, args, version: answer.stdout.split("\n")[0].trim() };
    }
  }
  const named = process.env.CXX ? `CXX=${process.env.CXX} does not run` : "neither g++ nor clang++ was found";
  throw new BuildFailure(`no C++ compiler: ${named}`);
}

function napiFolders() {
  const require = createRequire(import.meta.url);
  try {
    return [
      join(dirname(require.resolve("node-api-headers/package.json")), "include"),
      dirname(require.resolve("node-addon-api/package.json")),
    ];
  } catch {
    const packages = "node-api-headers node-addon-api";
    throw new BuildFailure(
      `they need the packages ${packages}: \`npm install --save-dev ${packages}\`, then build again`,
    );
  }
}

function run(compiler, args) {
  return new Promise((done) => {
    const child = spawn(compiler.command, [...compiler.args, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => done({ ok: false, output: String(error) }));
    child.on("close", (code) => done({ ok: code === 0, output }));
  });
}

/** Runs the compiler on a temporary output; the rename makes the file appear whole or not at all. */
async function produce(compiler, args, path, what) {
  const temporary = `${path}.${process.pid}.tmp`;
  const { ok, output } = await run(compiler, [...args, "-o", temporary]);
  if (ok) {
    renameSync(temporary, path);
    return output;
  }
  rmSync(temporary, { force: true });
  const line = output.split("\n").find((text) => /error|undefined/.test(text)) ?? output.split("\n")[0];
  throw new BuildFailure(`${what} failed${line ? `: ${line.trim()}` : ""}`, output);
}

/** Calls `work` on every item, as many at once as there are cores. The first failure stops the rest. */
async function inParallel(items, work) {
  let next = 0;
  let failed;
  const worker = async () => {
    while (next < items.length && failed === undefined) {
      await work(items[next++]).catch((error) => {
        failed ??= error;
      });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (failed !== undefined) throw failed;
}

/** Compiles what is not there yet, longest first; returns the compiler's warnings. */
async function compileMissing(compiler, missing) {
  let log = "";
  const longestFirst = missing.toSorted((a, b) => b.bytes - a.bytes);
  await inParallel(longestFirst, async ({ name, sources, flags, path }) => {
    const source = `${path}.${process.pid}.cpp`;
    writeFileSync(source, unitText(nativeDir, sources));
    try {
      log += await produce(compiler, [...flags, "-c", source], path, `compiling ${name}`);
    } finally {
      rmSync(source, { force: true });
    }
  });
  return log;
}

async function link(compiler, objects) {
  const paths = objects.map(({ path }) => path);
  const key = digest(compiler.version, ...LINK_FLAGS, ...paths.map((path) => basename(path)));
  const record = readRecord();
  if (record?.built !== true || record.key !== key || !existsSync(addonPath)) {
    await produce(compiler, [...LINK_FLAGS, ...paths], addonPath, "linking");
  }
  return key;
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(recordPath, "utf8"));
  } catch {
    return undefined;
  }
}

function removeStale(objects) {
  const current = new Set(objects.map(({ path }) => path));
  const oldest = Date.now() - KEEP_STALE_OBJECTS_MS;
  for (const name of readdirSync(objectDir)) {
    const path = join(objectDir, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    const stale = stats !== undefined && stats.mtimeMs < oldest && !current.has(path);
    if (stale) rmSync(path, { recursive: true, force: true });
  }
}

const writeRecord = (record) => writeFileSync(recordPath, `${JSON.stringify(record, null, 2)}\n`);

/**
 * All tiers if asked for, else those for this processor and those of the addon that is there: a build for more
 * processors stays one until build/ is removed.
 */
function tiersToBuild(compiler, all) {
  if (all) return TIERS_HERE;
  const args = [...compiler.args, "-march=native", "-dM", "-E", "-x", "c++", "/dev/null"];
  const answer = spawnSync(compiler.command, args, { encoding: "utf8" });
  // A compiler that does not know this processor.
  if (answer.status !== 0) return TIERS_HERE;
  const { tiers: before = [] } = readRecord() ?? {};
  const wanted = new Set([...tiersFor(answer.stdout), ...before]);
  return TIERS_HERE.filter((tier) => wanted.has(tier));
}

async function build(allTiers) {
  if (process.platform === "win32") throw new BuildFailure("native kernels are not supported on Windows");
  const compiler = findCompiler();
  const tiers = tiersToBuild(compiler, allTiers);
  const objects = planUnits(nativeDir, napiFolders(), tiers).map((unit) => {
    const compilerKey = [compiler.command, ...compiler.args, compiler.version];
    const texts = unit.sources.map((source) => closureText(nativeDir, source));
    const key = digest(...compilerKey, ...unit.flags, unitText(nativeDir, unit.sources), ...texts);
    return { ...unit, path: join(objectDir, `${unit.name}-${key}.o`) };
  });
  const missing = objects.filter(({ path }) => !existsSync(path));
  const log = await compileMissing(compiler, missing);
  const key = await link(compiler, objects);
  removeStale(objects);
  writeRecord({ built: true, key, compiler: compiler.version, tiers });
  return { compiled: missing.length, total: objects.length, tiers, log };
}

const strict = process.argv.includes("--strict");
mkdirSync(objectDir, { recursive: true });
try {
  const { compiled, total, tiers, log } = await build(process.argv.includes("--all-tiers"));
  if (log !== "") process.stderr.write(log);
  console.error(
    `native kernels: build/roundoff.node is up to date (${tiers.join(", ")}; ${compiled} of ${total} objects compiled)`,
  );
} catch (error) {
  rmSync(addonPath, { force: true });
  const reason = (error instanceof Error ? error.message : String(error)).replaceAll("\n", " ");
  writeRecord({ built: false, reason });
  if (strict && error instanceof BuildFailure) process.stderr.write(error.log);
  console.error(`warning: native kernels were not built, the slower reference kernels will serve: ${reason}`);
  if (strict) process.exitCode = 1;
}
