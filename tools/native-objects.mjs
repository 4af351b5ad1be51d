/**
 * What the native build compiles and with which flags: one object per source, and per tier for native/kernels. Knows
 * nothing of compilers or processes; tools/build-native.mjs runs them. The rules are written in native/README.md.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export const COMMON_FLAGS = [
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

const BINDING_FLAGS = [
  "-DNAPI_VERSION=8",
  "-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
  "-DNODE_ADDON_API_DISABLE_DEPRECATED",
];

/** The tiers of this machine's architecture, with their flags. */
export function tiersHere() {
  return Object.entries(TIERS).filter(([tier]) => process.arch === "x64" || tier === "portable");
}

/**
 * Every object to compile, from baseline to the widest instruction set: { name, source, flags, tier? }. The linker keeps
 * the first body of an inline function that several objects hold, so this order keeps the one that every caller can run.
 */
export function planObjects(nativeDir, napiFolders) {
  const include = `-I${join(nativeDir, "include")}`;
  const objects = (folder, label, flags, tier) =>
    sourcesIn(join(nativeDir, folder)).map((source) => ({
      name: `${label}-${basename(source, ".cpp")}`,
      source,
      flags: [...COMMON_FLAGS, include, ...flags, ...ownFlags(source)],
      tier,
    }));
  const napi = napiFolders.map((folder) => `-isystem${folder}`);
  return [
    ...objects("runtime", "runtime", []),
    ...objects("binding", "binding", [...napi, ...BINDING_FLAGS]),
    ...tiersHere().flatMap(([tier, flags]) =>
      objects("kernels", tier, [`-DROUNDOFF_TIER=${tier}`, ...flags], tier),
    ),
    ...(process.arch === "x64" ? objects("kernels/isa", "isa", []) : []),
  ];
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

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cpp"))
    .sort()
    .map((name) => join(folder, name));
}

/** Flags a file asks for itself: a line `// build-flags: …` in its opening comment. */
function ownFlags(source) {
  const opening = readFileSync(source, "utf8").split("\n#", 1)[0];
  const match = /^\/\/ build-flags: (.+)$/m.exec(opening);
  return match ? match[1].trim().split(/\s+/) : [];
}
