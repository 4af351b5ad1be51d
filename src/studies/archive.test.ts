/** Archives of records: what is written comes back whole, equal content gives equal bytes, and damage is told. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HEADER, stepLine } from "../runlog/fixtures.ts";
import { encodeJson } from "../runlog/numbers.ts";
import { EMPTY_ARCHIVE, readArchive, writeArchive } from "./archive.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "roundoff-archive-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const recordOf = (command: string) =>
  [{ ...HEADER, command }, stepLine(1)].map((line) => `${encodeJson(line)}\n`).join("");

async function record(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, recordOf(name));
  return path;
}

describe("archive of records", () => {
  it("gives back every record by its command, and leaves out what is not there", async () => {
    const path = join(folder, "a.gz");
    await writeArchive(path, EMPTY_ARCHIVE, [await record("one"), await record("two"), join(folder, "none")]);
    const archive = await readArchive(path);
    expect([...archive]).toEqual([
      ["one", recordOf("one")],
      ["two", recordOf("two")],
    ]);
  });

  it("has the same bytes whatever the order, and keeps what it was given", async () => {
    const [one, two] = [await record("one"), await record("two")];
    await writeArchive(join(folder, "a.gz"), EMPTY_ARCHIVE, [one, two]);
    await writeArchive(join(folder, "b.gz"), new Map([["one", recordOf("one")]]), [two]);
    expect((await readFile(join(folder, "b.gz"))).equals(await readFile(join(folder, "a.gz")))).toBe(true);
  });

  it("says what is wrong with a file that is no archive", async () => {
    const path = join(folder, "bad.gz");
    await writeFile(path, "no gzip");
    await expect(readArchive(path)).rejects.toThrow(/cannot read the archive of records/);
    await writeFile(path, gzipSync(`${encodeJson(stepLine(1))}\n`));
    await expect(readArchive(path)).rejects.toThrow(/does not begin with the header/);
    await writeFile(path, gzipSync('{"type":"header","version":1}\n'));
    await expect(readArchive(path)).rejects.toThrow(/bad\.gz:1/);
  });
});
