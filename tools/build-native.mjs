/**
 * Compiles native/ to build/roundoff.node with $CXX (default: g++, then clang++), straight against node-api-headers: no
 * node-gyp, no Python. Recompiles only what changed. Whatever goes wrong, the install goes on: one warning, the reason in
 * build/native.json (read by src/kernels/native-load.ts), exit 0, and no stale addon left behind.
 * `--strict`: print the compiler's messages and exit 1 instead. How files are compiled: native/README.md.
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
import { COMMON_FLAGS, closureText, digest, planObjects, tiersHere } from "./native-objects.mjs";

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
/** Standard headers that nearly every kernel includes: precompiling them halves the time of a whole build. */
const PRELUDE = ["algorithm", "bit", "cmath", "cstring", "map", "string", "vector"];
/** With fewer kernels to compile in a tier, precompiling costs more than it saves. */
const PRELUDE_PAYS_FROM = 6;

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
    const answer = spawnSync(command, [...args, "--version"], { encoding: "utf8" });
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
    throw new BuildFailure("the packages node-api-headers and node-addon-api are not installed");
  }
}

function run(compiler, args) {
  return new Promise((done) => {
    const child = spawn(compiler.command, [...compiler.args, ...args], { stdio: ["ignore", "pipe", "pipe"] });
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

/**
 * Precompiles the prelude for each tier with enough to compile and gives its objects the flags to use it. A compiler that
 * cannot do that reads the prelude as plain text: only the time differs.
 */
async function precompile(compiler, missing, folder) {
  const worthwhile = tiersHere().filter(
    ([tier]) => missing.filter((object) => object.tier === tier).length >= PRELUDE_PAYS_FROM,
  );
  await inParallel(worthwhile, async ([tier, flags]) => {
    const header = join(folder, tier, "prelude.h");
    mkdirSync(dirname(header), { recursive: true });
    writeFileSync(header, PRELUDE.map((name) => `#include <${name}>\n`).join(""));
    const args = [...COMMON_FLAGS, `-DROUNDOFF_TIER=${tier}`, ...flags, "-x", "c++-header", header];
    await run(compiler, [...args, "-o", `${header}.gch`]);
    for (const object of missing) if (object.tier === tier) object.prelude = ["-include", header];
  });
}

/** Compiles what is not there yet; returns the compiler's warnings. */
async function compileMissing(compiler, missing) {
  const preludes = join(objectDir, `prelude-${process.pid}`);
  let log = "";
  try {
    await precompile(compiler, missing, preludes);
    await inParallel(missing, async ({ name, source, flags, path, prelude = [] }) => {
      log += await produce(compiler, [...flags, ...prelude, "-c", source], path, `compiling ${name}`);
    });
  } finally {
    rmSync(preludes, { recursive: true, force: true });
  }
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

async function build() {
  if (process.platform === "win32") throw new BuildFailure("native kernels are not supported on Windows");
  const compiler = findCompiler();
  const objects = planObjects(nativeDir, napiFolders()).map((object) => {
    const compilerKey = [compiler.command, ...compiler.args, compiler.version];
    const key = digest(...compilerKey, ...object.flags, closureText(nativeDir, object.source));
    return { ...object, path: join(objectDir, `${object.name}-${key}.o`) };
  });
  const missing = objects.filter(({ path }) => !existsSync(path));
  const log = await compileMissing(compiler, missing);
  const key = await link(compiler, objects);
  removeStale(objects);
  writeRecord({ built: true, key, compiler: compiler.version });
  return { compiled: missing.length, total: objects.length, log };
}

const strict = process.argv.includes("--strict");
mkdirSync(objectDir, { recursive: true });
try {
  const { compiled, total, log } = await build();
  if (log !== "") process.stderr.write(log);
  console.error(
    `native kernels: build/roundoff.node is up to date (${compiled} of ${total} objects compiled)`,
  );
} catch (error) {
  rmSync(addonPath, { force: true });
  const reason = (error instanceof Error ? error.message : String(error)).replaceAll("\n", " ");
  writeRecord({ built: false, reason });
  if (strict && error instanceof BuildFailure) process.stderr.write(error.log);
  console.error(`warning: native kernels were not built, the slower reference kernels will serve: ${reason}`);
  if (strict) process.exitCode = 1;
}
