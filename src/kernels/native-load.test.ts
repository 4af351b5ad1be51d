/** A build that fails leaves a reason that is shown, and nothing else behind. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { loadAddon } from "./native-load.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "roundoff-build-"));
afterAll(() => rmSync(copy, { recursive: true }));

const buildFolder = (): URL => pathToFileURL(join(copy, "build/"));

/** Runs the build tool of a copy of the project that shares sources and packages with this one. */
function build(cxx: string, ...args: string[]) {
  mkdirSync(join(copy, "tools"), { recursive: true });
  for (const tool of ["build-native.mjs", "native-objects.mjs"]) {
    cpSync(join(root, "tools", tool), join(copy, "tools", tool));
  }
  for (const folder of ["native", "node_modules"]) {
    if (!existsSync(join(copy, folder))) symlinkSync(join(root, folder), join(copy, folder));
  }
  return spawnSync(process.execPath, [join(copy, "tools/build-native.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, CXX: cxx },
  });
}

function reasonOf(folder: URL): string {
  const loaded = loadAddon(folder);
  return "reason" in loaded ? loaded.reason : "loaded";
}

describe("without a compiler", () => {
  it("the build warns in one line, succeeds, removes a stale addon and records why", () => {
    mkdirSync(join(copy, "build"));
    writeFileSync(join(copy, "build/roundoff.node"), "stale");
    const { status, stdout, stderr } = build("/bin/false");
    expect(status).toBe(0);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/^warning: .*CXX=\/bin\/false/);
    expect(existsSync(join(copy, "build/roundoff.node"))).toBe(false);
    expect(reasonOf(buildFolder())).toMatch(/not built: no C\+\+ compiler: CXX=\/bin\/false/);
  });

  it("a strict build fails", () => {
    expect(build("/bin/false", "--strict").status).toBe(1);
  });

  it("a compiler that answers but cannot compile is a reason too", () => {
    const fake = join(copy, "fake-cxx");
    writeFileSync(
      fake,
      '#!/bin/sh\n[ "$1" = --version ] && echo "fake 1.0" && exit 0\necho "fatal error: no"; exit 1\n',
      {
        mode: 0o755,
      },
    );
    const { status, stderr } = build(fake);
    expect(status).toBe(0);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(reasonOf(buildFolder())).toMatch(/compiling .* failed: fatal error: no/);
  });
});

describe("without the packages that the addon needs", () => {
  it("the reason names them and how to get them", () => {
    rmSync(join(copy, "node_modules"));
    mkdirSync(join(copy, "node_modules"));
    // Anything that answers --version: the packages are looked for before anything is compiled.
    build(process.execPath);
    expect(reasonOf(buildFolder())).toMatch(/npm install --save-dev node-api-headers node-addon-api/);
  });
});

describe("loadAddon", () => {
  it("says how to build where nothing was ever built", () => {
    expect(reasonOf(pathToFileURL(join(copy, "nowhere/")))).toContain("tools/build-native.mjs");
  });

  it("gives the reason why a file does not load", () => {
    mkdirSync(join(copy, "broken"));
    writeFileSync(join(copy, "broken/roundoff.node"), "not a library");
    expect(reasonOf(pathToFileURL(join(copy, "broken/")))).toMatch(/does not load: /);
  });
});
