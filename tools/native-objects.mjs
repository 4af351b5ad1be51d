/**
 * What the native build compiles and with which flags: units of several sources that are compiled together, once, or per
 * tier for native/kernels. Knows nothing of compilers or processes; tools/build-native.mjs runs them. The rules are
 * written in native/README.md.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const COMMON_FLAGS = [
  ...["-std=c++20", "-O3", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"],
  // No errno and no floating-point traps: loops with sqrt or selects vectorise. Neither changes a result.
  ...["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"],
];

/** Slowest first. */
const TIERS = {
  portable: [],
  avx2: ["-mavx2", "-mfma", "-mf16c"],
  avx512: [
    ...["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mf16c"],
    "-mprefer-vector-width=512",
  ],
};

const BINDING_FLAGS = [
  "-DNAPI_VERSION=8",
  "-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
  "-DNODE_ADDON_API_DISABLE_DEPRECATED",
];

/**
 * Sources are compiled together up to this size: standard headers take most of a small file's time, and a unit that is
 * larger would leave cores idle.
 */
const UNIT_BYTES = 72_000;

/** The tiers of this machine's architecture, slowest first. */
export const TIERS_HERE = process.arch === "x64" ? Object.keys(TIERS) : ["portable"];

/**
 * The tiers worth compiling for the processor whose macros a compiler lists (`-march=native -dM`): `portable`, which
 * runs everywhere, and the widest one that this processor runs.
 */
export function tiersFor(macros) {
  const defined = new Set(macros.split("\n").map((line) => line.split(" ")[1]));
  const runs = (tier) =>
    TIERS[tier]
      .filter((flag) => !flag.includes("="))
      .every((flag) => defined.has(`__${flag.slice("-m".length).toUpperCase()}__`));
  return [...new Set(["portable", TIERS_HERE.findLast(runs)])];
}

/**
 * Every unit to compile, from baseline to the widest instruction set: { name, sources, bytes, flags }; it is named after
 * its first source. The linker keeps
 * the first body of an inline function that several objects hold, so this order keeps the one that every caller can run.
 */
export function planUnits(nativeDir, napiFolders, tiers) {
  const include = [`-I${nativeDir}`, `-I${join(nativeDir, "include")}`];
  const units = (folder, label, flags) =>
    groupsByFlags(join(nativeDir, folder)).flatMap(([own, sources]) =>
      balanced(sources).map((unit) => ({
        name: `${label}-${basename(unit[0], ".cpp")}`,
        sources: unit,
        bytes: bytesOf(unit),
        flags: [...COMMON_FLAGS, ...include, ...flags, ...own],
      })),
    );
  const napi = napiFolders.map((folder) => `-isystem${folder}`);
  const without = TIERS_HERE.filter((tier) => !tiers.includes(tier)).map(
    (tier) => `-DROUNDOFF_WITHOUT_${tier.toUpperCase()}`,
  );
  return [
    ...units("runtime", "runtime", without),
    ...units("binding", "binding", [...napi, ...BINDING_FLAGS]),
    ...TIERS_HERE.filter((tier) => tiers.includes(tier)).flatMap((tier) =>
      units("kernels", tier, [`-DROUNDOFF_TIER=${tier}`, ...TIERS[tier]]),
    ),
    ...(process.arch === "x64" ? units("kernels/isa", "isa", []) : []),
  ];
}

/** The source of a unit: its files, one after the other. Relative paths, so that it is the same on every machine. */
export function unitText(nativeDir, sources) {
  return sources.map((source) => `#include "${relative(nativeDir, source)}"\n`).join("");
}

/** The text of a source and of every project header it includes, directly or not: what its object depends on. */
export function closureText(nativeDir, source, seen = new Set()) {
  if (seen.has(source)) return "";
  seen.add(source);
  const text = readFileSync(source, "utf8");
  const included = [...text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)].map((match) => match[1]);
  const found = included
    .flatMap((name) => [join(dirname(source), name), join(nativeDir, "include", name)])
    .filter((path) => existsSync(path));
  return [text, ...found.map((path) => closureText(nativeDir, path, seen))].join("\0");
}

/** A short hash of some texts. */
export function digest(...parts) {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);
}

const bytesOf = (sources) => sources.reduce((sum, source) => sum + statSync(source).size, 0);

/** The sources of a folder in alphabetical order, by the flags that they ask for themselves: [flags, sources] pairs. */
function groupsByFlags(folder) {
  const groups = new Map();
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".cpp"));
  for (const source of names.sort().map((name) => join(folder, name))) {
    const flags = ownFlags(source);
    const key = flags.join(" ");
    if (!groups.has(key)) groups.set(key, [flags, []]);
    groups.get(key)[1].push(source);
  }
  return [...groups.values()];
}

/** Cuts a list of sources into units of at most UNIT_BYTES, about equally large. */
function balanced(sources) {
  const total = bytesOf(sources);
  const count = Math.ceil(total / UNIT_BYTES);
  const units = Array.from({ length: count }, () => []);
  let before = 0;
  for (const source of sources) {
    const bytes = bytesOf([source]);
    // A file belongs to the unit in which its middle lies.
    units[Math.floor(((before + bytes / 2) / total) * count)].push(source);
    before += bytes;
  }
  return units.filter((unit) => unit.length > 0);
}

/** Flags a file asks for itself: a line `// build-flags: …` in its opening comment. */
function ownFlags(source) {
  const opening = readFileSync(source, "utf8").split("\n#", 1)[0];
  const match = /^\/\/ build-flags: (.+)$/m.exec(opening);
  return match ? match[1].trim().split(/\s+/) : [];
}
