import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { processMark } from "../base/process-mark.ts";
import { createAtomicFile, removeUnfinishedFiles, withOutputs } from "./atomic-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roundoff-atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

describe("an output file", () => {
  it("appears only when it is complete", async () => {
    const path = join(folder, "out.bin");
    const file = await createAtomicFile(path);
    await file.write(bytes("ab"));
    await file.write(bytes("c"));
    expect(existsSync(path)).toBe(false);
    await file.commit();
    await file.discard();
    expect(readFileSync(path, "utf8")).toBe("abc");
    expect(readdirSync(folder)).toEqual(["out.bin"]);
  });

  it("leaves the old file alone when it is discarded", async () => {
    const path = join(folder, "out.bin");
    writeFileSync(path, "old");
    const file = await createAtomicFile(path);
    await file.write(bytes("new"));
    await file.discard();
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["out.bin"]);
  });

  it("is removed when the process ends in a hurry", async () => {
    await (await createAtomicFile(join(folder, "out.bin"))).write(bytes("half"));
    removeUnfinishedFiles();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("clears away what killed processes left of it, and nothing else", async () => {
    const [host, pid] = processMark().split("-");
    const dead = `${host}-${pid}-00000000`;
    const others = [
      `.out.bin.ffffffff-${pid}-00000000.partial`,
      `.other.bin.${dead}.partial`,
      ".out.bin.mine",
    ];
    for (const name of [`.out.bin.${dead}.partial`, ...others]) writeFileSync(join(folder, name), "half");
    await (await createAtomicFile(join(folder, "out.bin"))).commit();
    expect(readdirSync(folder).sort()).toEqual([...others, "out.bin"].sort());
  });

  it("writes through a link instead of replacing it", async () => {
    writeFileSync(join(folder, "real"), "old");
    symlinkSync("real", join(folder, "link"));
    const file = await createAtomicFile(join(folder, "link"));
    await file.write(bytes("new"));
    await file.commit();
    expect(readFileSync(join(folder, "real"), "utf8")).toBe("new");
  });

  it("writes devices directly: they are not replaced by a file", async () => {
    const file = await createAtomicFile("/dev/null");
    await file.write(bytes("x"));
    await file.commit();
    expect(readFileSync("/dev/null", "utf8")).toBe("");
  });

  it("refuses a folder that is not there, and a folder in its place, before anything is written", async () => {
    await expect(createAtomicFile(join(folder, "no", "out.bin"), "--scales")).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message: expect.stringMatching(/--scales.*ENOENT.*Create the folder/),
    });
    mkdirSync(join(folder, "sub"));
    await expect(createAtomicFile(join(folder, "sub"))).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
  });
});

describe("the outputs of a command", () => {
  it("are all left out when the work fails", async () => {
    const requests = ["a", "b"].map((name) => ({ path: join(folder, name), option: `--${name}` }));
    const work = withOutputs(requests, async ([a]) => {
      await a.write(bytes("half"));
      throw new Error("stopped");
    });
    await expect(work).rejects.toThrow("stopped");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("are all left out when one of them cannot be opened", async () => {
    const requests = [
      { path: join(folder, "a"), option: "--out" },
      { path: join(folder, "no", "b"), option: "--scales" },
    ];
    await expect(withOutputs(requests, async () => 1)).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("may not be the same file", async () => {
    const requests = ["x", "./x"].map((name) => ({ path: `${folder}/${name}`, option: "--out" }));
    await expect(withOutputs(requests, async () => 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
