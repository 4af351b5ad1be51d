/**
 * The public surface is written down in surface.txt and reviewed like an interface: whoever changes it on purpose runs
 * `npx vitest run test/surface.test.ts --update` and commits the difference.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { CliContext } from "../src/cli/context.ts";
import { createProgram, fullName } from "../src/cli/run-cli.ts";
import { commandLines, exportedNames } from "./surface-text.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(read("package.json")) as PackageJson;

/** `./dist/formats.js` → `src/formats.ts`. */
const sourceOf = (target: string): string =>
  target.replace(/^(\.\/)?dist\//, "src/").replace(/(\.d\.ts|\.js)$/, ".ts");

const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === "string" ? [] : [{ name: name.replace(".", "roundoff"), ...target }],
);

const context: CliContext = {
  environment: { cacheDirectory: "" },
  stdout: () => undefined,
  stderr: () => undefined,
  terminal: false,
  columns: 80,
  takeSignal: () => new AbortController().signal,
};
const program = createProgram(context);

describe("the public surface", () => {
  it("has a source for every entry and for the command", () => {
    expect(entries.length).toBeGreaterThan(0);
    for (const { types, default: code } of entries) {
      expect(sourceOf(types)).toBe(sourceOf(code));
      expect(existsSync(join(ROOT, sourceOf(code)))).toBe(true);
    }
    for (const target of Object.values(manifest.bin))
      expect(existsSync(join(ROOT, sourceOf(target)))).toBe(true);
  });

  it("is the one that is written down", async () => {
    const exports = entries.flatMap(({ name, default: code }) => [
      `import from "${name}":`,
      ...exportedNames(read(sourceOf(code))).map((exported) => `  ${exported}`),
      "",
    ]);
    const text = [
      ...exports,
      "commands:",
      ...commandLines(program, fullName).map((line) => `  ${line}`),
      "",
    ].join("\n");
    await expect(text).toMatchFileSnapshot("surface.txt");
  });

  it("is named in the README, command by command", () => {
    const readme = read("README.md");
    for (const command of program.commands) expect(readme).toContain(`roundoff ${command.name()}`);
  });
});

describe("commands that others script against", () => {
  it.each(commandLines(program, fullName))("%s: takes --json", (line) => expect(line).toContain("[--json]"));

  it.each([
    [
      "convert",
      "--format --rounding --overflow --in --out --codes --seed --step --tensor --random-bits --scales --kernels",
    ],
    ["goldens", "--kernels"],
    ["explain", "--model --recipe"],
    ["train", "--model --data --recipe --epochs --seed --out --limit --resume --kernels"],
    ["study", "--out --seeds --quick --kernels"],
    ["bench step", "--model --batch --image --recipes --rounds --kernels"],
  ])("%s keeps its options", (name, options) => {
    const line =
      commandLines(program, fullName).find((candidate) => candidate.startsWith(`roundoff ${name} `)) ?? "";
    for (const option of options.split(" ")) expect(line).toMatch(new RegExp(`${option}[ \\]]`));
  });
});

describe("reading exported names", () => {
  it("tells types, values and namespaces apart", () => {
    const index =
      '// export { no }\nexport { b, type C, d as e } from "./x.ts";\nexport type { F } from "./y.ts";\nexport * as n from "./n.ts";';
    expect(exportedNames(index)).toEqual(["C (type)", "F (type)", "b", "e", "n (namespace)"]);
  });

  it("refuses a list that hides what it exports", () => {
    expect(() => exportedNames('export * from "./x.ts";')).toThrow(/one by one/);
  });
});
