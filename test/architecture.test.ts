/** Holds the tree to the rules of architecture-rules.ts, and shows on fixtures that every rule can fail. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  danglingImports,
  environmentViolations,
  type Files,
  fileViolations,
  importCycles,
  importsOf,
  LAYERS,
  layerViolations,
  MAX_LINES,
  napiViolations,
  numericsViolations,
} from "./architecture-rules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function load(folder: string, extensions: readonly string[]): Files {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  const paths = entries
    .map((entry) => `${folder}/${entry.replaceAll("\\", "/")}`)
    .filter((path) => extensions.some((extension) => path.endsWith(extension)));
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

const fixture = (files: Record<string, string>): Files => new Map(Object.entries(files));

describe("the tree", () => {
  const sources = load("src", [".ts"]);
  const native = load("native", [".cpp", ".h"]);

  it("has sources to check", () => {
    expect(sources.has("src/base/errors.ts")).toBe(true);
    expect(native.size).toBeGreaterThan(0);
  });
  it("imports only downwards", () => expect(layerViolations(sources)).toEqual([]));
  it("imports only what exists", () => expect(danglingImports(sources)).toEqual([]));
  it("has no import cycles", () => expect(importCycles(sources)).toEqual([]));
  it("keeps files small, named and introduced", () => {
    expect([...fileViolations(sources), ...fileViolations(native)]).toEqual([]);
  });
  it("keeps the Node-API inside native/binding", () => expect(napiViolations(native)).toEqual([]));
  it("reads environment variables only in src/cli", () => expect(environmentViolations(sources)).toEqual([]));
  it("draws no unkeyed randomness and no exponent from a logarithm", () => {
    expect(numericsViolations(sources)).toEqual([]);
  });
});

describe("importsOf", () => {
  it("finds every form of import", () => {
    const text = [
      'import { a } from "./a.ts";',
      "import type {\n  B,\n  C,\n} from '../b.ts';",
      'import "./side-effect.ts";',
      'export * from "./d.ts";',
      'export { e } from "./e.ts";',
      'const f = await import("./f.ts");',
      'import * as g from "node:fs";',
    ].join("\n");
    const found = ["./a.ts", "../b.ts", "./side-effect.ts", "./d.ts", "./e.ts", "./f.ts", "node:fs"];
    expect(importsOf(text).sort()).toEqual(found.sort());
  });

  it("does not read comments", () => {
    expect(
      importsOf('/** import { x } from "./x.ts"; */\n// import "./y.ts"\nconst u = "http://z";'),
    ).toEqual([]);
  });
});

describe("the layer rule", () => {
  it("rejects an import from a larger number", () => {
    const files = fixture({
      "src/base/a.ts": 'import { b } from "../formats/b.ts";',
      "src/formats/b.ts": "",
    });
    expect(layerViolations(files)).toEqual(["src/base/a.ts: base (0) may not import src/formats/b.ts (1)"]);
  });

  it("accepts an import from a smaller number and from its own folder", () => {
    const files = fixture({
      "src/train/a.ts": 'import { b } from "../nn/b.ts"; import type { c } from "./deep/c.ts";',
    });
    expect(layerViolations(files)).toEqual([]);
  });

  it("rejects an import between two folders of the same number", () => {
    const equal = Object.entries(LAYERS).filter(([, number]) => number === LAYERS.nn);
    expect(equal.length).toBeGreaterThan(1);
    expect(layerViolations(fixture({ "src/nn/a.ts": 'import { b } from "../optim/b.ts";' }))).toHaveLength(1);
  });

  it("rejects a model that knows precision, although the numbers would allow it", () => {
    const [violation] = layerViolations(
      fixture({ "src/models/a.ts": 'import { b } from "../precision/b.ts";' }),
    );
    expect(violation).toContain("blind to precision");
  });

  it("rejects a folder without a number and an import from outside src", () => {
    expect(layerViolations(fixture({ "src/extras/a.ts": "" }))).toHaveLength(1);
    expect(
      layerViolations(fixture({ "src/base/a.ts": 'import { b } from "../../test/b.ts";' })),
    ).toHaveLength(1);
  });

  it("lets the public lists import everything, and no other file beside them", () => {
    const list = 'export { a } from "./cli/a.ts";';
    expect(layerViolations(fixture({ "src/index.ts": list, "src/formats.ts": list }))).toEqual([]);
    expect(layerViolations(fixture({ "src/other.ts": list }))).not.toEqual([]);
  });
});

describe("the other rules", () => {
  it("finds import cycles", () => {
    const files = fixture({
      "src/nn/a.ts": 'import { b } from "./b.ts";',
      "src/nn/b.ts": 'import { c } from "./c.ts";',
      "src/nn/c.ts": 'import { b } from "./b.ts";',
    });
    expect(importCycles(files)).toEqual(["src/nn/b.ts → src/nn/c.ts → src/nn/b.ts"]);
  });

  it("lets types refer to each other", () => {
    const files = fixture({
      "src/nn/a.ts": 'import { b } from "./b.ts";',
      "src/nn/b.ts": 'import type { A } from "./a.ts";',
    });
    expect(importCycles(files)).toEqual([]);
  });

  it("finds imports of files that are not there", () => {
    const files = fixture({ "src/nn/a.ts": 'import { b } from "./b";', "src/nn/b.ts": "" });
    expect(danglingImports(files)).toHaveLength(1);
  });

  it.each([
    ["src/nn/long.ts", `// x\n${"\n".repeat(MAX_LINES)}`, "lines"],
    ["src/nn/utils.ts", "// x\n", "says nothing"],
    ["src/nn/CamelCase.ts", "// x\n", "kebab-case"],
    ["src/nn/bare.ts", "export const a = 1;\n", "comment"],
    ["src/nn/default.ts", "// x\nexport default 1;\n", "default export"],
  ])("rejects %s", (path, text, reason) => {
    const found = fileViolations(fixture({ [path]: text }));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(reason);
  });

  it("accepts a file that keeps to the rules", () => {
    const text = `#!/usr/bin/env node\n/** x */\n${"\n".repeat(MAX_LINES - 2)}`;
    expect(fileViolations(fixture({ "src/nn/max-pool2d.test.ts": text }))).toEqual([]);
  });

  it("finds napi.h outside the binding", () => {
    const text = "// x\n#include <napi.h>\n";
    expect(napiViolations(fixture({ "native/kernels/a.cpp": text, "native/binding/a.cpp": text }))).toEqual([
      "native/kernels/a.cpp: only native/binding/ may see the Node-API",
    ]);
  });

  it("finds environment variables, Math.random and Math.log2", () => {
    const files = fixture({
      "src/nn/a.ts": "const x = process.env.A; Math.log2(Math.random()); // Math.log2\n",
    });
    expect(environmentViolations(files)).toHaveLength(1);
    expect(numericsViolations(files)).toHaveLength(2);
  });
});
