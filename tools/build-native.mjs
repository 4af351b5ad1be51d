/**
 * Compiles native/ to build/roundoff.node with $CXX (default: g++, then clang++), straight against node-api-headers: no
 * node-gyp, no Python. Recompiles only what changed. Whatever goes wrong, the install goes on: one warning, the reason in
 * build/native.json (read by src/kernels/native-load.ts), exit 0, and no stale addon left behind.
 * `--strict`: print the compiler's messages and exit 1 instead. How files are compiled: native/README.md.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
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

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const nativeDir = join(root, "native");
const buildDir = join(root, "build");
const objectDir = join(buildDir, "native");
const addonPath = join(buildDir, "roundoff.node");
const recordPath = join(buildDir, "native.json");

const COMMON_FLAGS = [
  ...["-std=c++20", "-O3", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"],
  // No errno and no floating-point traps: loops with sqrt or selects vectorise. Neither changes a result.
  ...["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"],
];
const TIERS = {
  portable: [],
  avx2: ["-mavx2", "-mfma", "-mf16c"],
  avx512: [
    ...["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mf16c"],
    "-mprefer-vector-width=512",
  ],
};
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
    const answer = spawnSync(command, [...args, "--version"], { encoding: "utf8" });
    if (answer.status === 0 && answer.stdout.trim() !== "") {
      return { command, args, version: answer.stdout.split("\n")[0].trim() };
    }
  }
  const named = process.env.CXX ? `CXX=${process.env.CXX} does not run` : "neither g++ nor clang++ was found";
  throw new BuildFailure(`no C++ compiler: ${named}`);
}

function headerFolders() {
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

function sourcesIn(folder) {
  const path = join(nativeDir, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(".cpp"))
    .sort()
    .map((name) => join(path, name));
}

/** Flags a file asks for itself: a line `// build-flags: …` in its opening comment. */
function ownFlags(source) {
  const opening = readFileSync(source, "utf8").split("\n#", 1)[0];
  const match = /^\/\/ build-flags: (.+)$/m.exec(opening);
  return match ? match[1].trim().split(/\s+/) : [];
}

/**
 * Every object to compile, from baseline to the widest instruction set. The linker keeps the first body of an inline
 * function that several objects hold, so this order keeps the one that every caller can run.
 */
function planObjects(headers) {
  const x86 = process.arch === "x64";
  const once = (folder, prefix, flags) =>
    sourcesIn(folder).map((source) => ({ source, label: prefix, flags: [...flags, ...ownFlags(source)] }));
  const include = [`-I${join(nativeDir, "include")}`];
  const binding = [
    ...include,
    ...headers.map((folder) => `-isystem${folder}`),
    ...["-DNAPI_VERSION=8", "-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS", "-DNODE_ADDON_API_DISABLE_DEPRECATED"],
  ];
  const tiers = Object.entries(TIERS).filter(([tier]) => x86 || tier === "portable");
  return [
    ...once("runtime", "runtime", include),
    ...once("binding", "binding", binding),
    ...tiers.flatMap(([tier, flags]) =>
      once("kernels", tier, [...include, `-DROUNDOFF_TIER=${tier}`, ...flags]),
    ),
    ...(x86 ? once("kernels/isa", "isa", include) : []),
  ];
}

/** The text of a source and of every project header it includes, directly or not. */
function closureText(source, seen = new Set()) {
  if (seen.has(source)) return "";
  seen.add(source);
  const text = readFileSync(source, "utf8");
  const included = [...text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)].map((match) => match[1]);
  const found = included
    .flatMap((name) => [join(dirname(source), name), join(nativeDir, "include", name)])
    .filter((path) => existsSync(path));
  return [text, ...found.map((path) => closureText(path, seen))].join("\0");
}

const digest = (...parts) => createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);

function run(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => done({ ok: false, output: String(error) }));
    child.on("close", (code) => done({ ok: code === 0, output }));
  });
}

function failure(what, output) {
  const line = output.split("\n").find((text) => /error|undefined/.test(text)) ?? output.split("\n")[0];
  return new BuildFailure(`${what} failed${line ? `: ${line.trim()}` : ""}`, output);
}

/** Compiles one object, or finds it compiled. The rename makes an object appear whole or not at all. */
async function compile(compiler, object) {
  const { source, label, flags } = object;
  const all = [...compiler.args, ...COMMON_FLAGS, ...flags];
  const key = digest(compiler.command, compiler.version, all.join(" "), closureText(source));
  const path = join(objectDir, `${label}-${basename(source, ".cpp")}-${key}.o`);
  if (existsSync(path)) return { path, log: "", compiled: false };
  const temporary = `${path}.${process.pid}.tmp`;
  const { ok, output } = await run(compiler.command, [...all, "-c", source, "-o", temporary]);
  if (!ok) {
    rmSync(temporary, { force: true });
    throw failure(`compiling ${basename(source)} (${label})`, output);
  }
  renameSync(temporary, path);
  return { path, log: output, compiled: true };
}

async function compileAll(compiler, objects) {
  const results = new Array(objects.length);
  let next = 0;
  let failed;
  const worker = async () => {
    while (next < objects.length && failed === undefined) {
      const index = next++;
      results[index] = await compile(compiler, objects[index]).catch((error) => {
        failed ??= error;
      });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (failed !== undefined) throw failed;
  return results;
}

async function link(compiler, objects) {
  const key = digest(compiler.version, LINK_FLAGS.join(" "), ...objects.map(({ path }) => path));
  const record = readRecord();
  if (record?.built === true && record.key === key && existsSync(addonPath)) return key;
  const temporary = `${addonPath}.${process.pid}.tmp`;
  const args = [...compiler.args, ...LINK_FLAGS, ...objects.map(({ path }) => path), "-o", temporary];
  const { ok, output } = await run(compiler.command, args);
  if (!ok) {
    rmSync(temporary, { force: true });
    throw failure("linking", output);
  }
  renameSync(temporary, addonPath);
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
    if (!current.has(path) && stats !== undefined && stats.mtimeMs < oldest) rmSync(path, { force: true });
  }
}

const writeRecord = (record) => writeFileSync(recordPath, `${JSON.stringify(record, null, 2)}\n`);

async function build() {
  if (process.platform === "win32") throw new BuildFailure("native kernels are not supported on Windows");
  const compiler = findCompiler();
  const objects = await compileAll(compiler, planObjects(headerFolders()));
  const key = await link(compiler, objects);
  removeStale(objects);
  const compiled = objects.filter((object) => object.compiled).length;
  writeRecord({ built: true, key, compiler: compiler.version });
  return { compiled, total: objects.length, log: objects.map(({ log }) => log).join("") };
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
  const reason = error instanceof Error ? error.message : String(error);
  writeRecord({ built: false, reason });
  if (strict && error instanceof BuildFailure) process.stderr.write(error.log);
  console.error(
    `warning: native kernels were not built, the slower reference kernels will serve: ${reason.replaceAll("\n", " ")}`,
  );
  if (strict) process.exitCode = 1;
}
