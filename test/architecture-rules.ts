/**
 * The rules of ARCHITECTURE.md as functions from file texts to violations. Reads nothing from disk, so that
 * architecture.test.ts can show on small fixtures that each rule is able to fail.
 */
import { posix } from "node:path";

/** Path relative to the repository root (forward slashes) → text. */
export type Files = ReadonlyMap<string, string>;

/** A folder of src/ may import from itself and from folders with a smaller number. */
export const LAYERS: Readonly<Record<string, number>> = {
  base: 0,
  formats: 1,
  random: 1,
  runlog: 1,
  kernels: 2,
  graph: 3,
  autodiff: 4,
  precision: 5,
  compile: 6,
  nn: 7,
  optim: 7,
  data: 7,
  engine: 8,
  models: 8,
  recipes: 8,
  train: 9,
  studies: 10,
  interop: 10,
  server: 10,
  cli: 11,
};

/** Pairs that the numbers would allow and the design does not. */
const FORBIDDEN: readonly (readonly [from: string, to: string, why: string])[] = [
  ["models", "precision", "models are blind to precision"],
  ["nn", "precision", "modules are blind to precision"],
];

/** Lists of public names: they may name everything. */
const PUBLIC_LISTS: readonly string[] = ["src/index.ts", "src/formats.ts"];

export const MAX_LINES = 400;

/** Specifiers of every import, export-from and dynamic import of a TypeScript text, comments left out. */
export function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const pattern =
    /(?:^|[\n;])\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|(?:^|[\n;])\s*import\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']/g;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3]);
}

/** Blanks comments; strings are stepped over, so that "https://…" is not taken for one. */
function withoutComments(text: string): string {
  return text.replace(/("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "$1");
}

function folderOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? parts[1] : "";
}

/** Resolved repository paths of the relative imports of `path`. */
function relativeImports(path: string, text: string): string[] {
  return importsOf(text)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(path), specifier));
}

const isSource = (path: string): boolean => path.startsWith("src/") && path.endsWith(".ts");
const isTest = (path: string): boolean => path.endsWith(".test.ts");

/** Imports that go up the layers, sideways between equal numbers, or over a forbidden pair. */
export function layerViolations(files: Files): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    if (!isSource(path) || PUBLIC_LISTS.includes(path)) continue;
    const from = folderOf(path);
    if (LAYERS[from] === undefined) found.push(`${path}: folder "${from}" has no layer number`);
    for (const target of relativeImports(path, text)) found.push(...importViolation(path, from, target));
  }
  return found;
}

function importViolation(path: string, from: string, target: string): string[] {
  if (!target.startsWith("src/"))
    return isTest(path) ? [] : [`${path}: imports ${target}, which is outside src/`];
  const to = folderOf(target);
  if (to === from) return [];
  const forbidden = FORBIDDEN.find(([a, b]) => a === from && b === to);
  if (forbidden !== undefined) return [`${path}: imports ${target}: ${forbidden[2]}`];
  const numberFrom = LAYERS[from];
  const numberTo = LAYERS[to];
  if (numberTo !== undefined && numberTo < numberFrom) return [];
  return [`${path}: ${from} (${numberFrom}) may not import ${target} (${numberTo ?? "no number"})`];
}

/** Relative imports that name no file of the tree, or lack the `.ts` extension. */
export function danglingImports(files: Files): string[] {
  return [...files].flatMap(([path, text]) =>
    isSource(path)
      ? relativeImports(path, text)
          .filter((target) => target.startsWith("src/") && !files.has(target))
          .map((target) => `${path}: imports ${target}, which does not exist`)
      : [],
  );
}

/** Import cycles, each as a path that ends where it began. `import type` leaves nothing to load and does not count. */
export function importCycles(files: Files): string[] {
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    const loaded = (files.get(path) ?? "").replace(
      /(^|[\n;])\s*(import|export)\s+type\b[^"']*["'][^"']*["']/g,
      "$1",
    );
    for (const target of relativeImports(path, loaded)) {
      if (files.has(target)) visit(target, [...trail, path]);
    }
    state.set(path, "done");
  };
  for (const path of files.keys()) if (isSource(path)) visit(path, []);
  return found;
}

/** What every source file keeps to: size, name, opening comment, no default export. */
export function fileViolations(files: Files): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    const name = posix.basename(path).replace(/(\.test|\.fixture)?\.[a-z]+$/, "");
    if (lines > MAX_LINES) found.push(`${path}: ${lines} lines, more than ${MAX_LINES}: one idea per file`);
    if (/^(utils?|helpers?|misc|common)$/.test(name)) found.push(`${path}: the name says nothing`);
    if (!/^[a-z0-9]+([-_][a-z0-9]+)*$/.test(name)) found.push(`${path}: file names are kebab-case`);
    // The file beside a test introduces it.
    if (!isTest(path) && !/^(#![^\n]*\n+)?(\/\*|\/\/)/.test(text))
      found.push(`${path}: does not open with a comment`);
    if (path.endsWith(".ts") && /(^|\n)\s*export\s+default\b/.test(withoutComments(text))) {
      found.push(`${path}: default export`);
    }
  }
  return found;
}

/** Native sources that include napi.h (or node_api.h) although they are not part of the binding. */
export function napiViolations(files: Files): string[] {
  return [...files]
    .filter(([path]) => path.startsWith("native/") && !path.startsWith("native/binding/"))
    .filter(([, text]) => /^\s*#\s*include\s*[<"](napi|node_api|js_native_api)[^>"]*[>"]/m.test(text))
    .map(([path]) => `${path}: only native/binding/ may see the Node-API`);
}

/** Environment variables are configuration of the command line and are read nowhere else (passing all on is not reading). */
export function environmentViolations(files: Files): string[] {
  return [...files]
    .filter(([path]) => isSource(path) && !isTest(path) && !path.startsWith("src/cli/"))
    .filter(([, text]) => /\bprocess\.env(\.|\[|\?\.)/.test(withoutComments(text)))
    .map(([path]) => `${path}: reads an environment variable; pass it in from src/cli`);
}

/** Math.random breaks repeatability, Math.log2 gives wrong exponents next to powers of two. */
export function numericsViolations(files: Files): string[] {
  return [...files]
    .filter(([path]) => isSource(path) && !isTest(path))
    .flatMap(([path, text]) =>
      [...withoutComments(text).matchAll(/\bMath\.(random|log2)\b/g)].map(
        (match) => `${path}: uses ${match[0]}`,
      ),
    );
}
