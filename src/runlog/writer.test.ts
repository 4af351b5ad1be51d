import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HEADER, RUN, stepLine } from "./fixtures.ts";
import { readRecord, readTimings } from "./reader.ts";
import type { RecordLine } from "./schema.ts";
import type { OpenOptions } from "./writer.ts";
import { openRecord, openTimings } from "./writer.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "roundoff-runlog-"));
  path = join(directory, "record.jsonl");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(lines: readonly RecordLine[], options?: OpenOptions, to = path): string {
  const writer = openRecord(to, options);
  for (const line of lines) writer.write(line);
  writer.sync();
  writer.close();
  return readFileSync(to, "utf8");
}

describe("openRecord", () => {
  it("writes what readRecord reads, the same bytes for the same lines", async () => {
    const content = write(RUN);
    expect(write(RUN, {}, join(directory, "again.jsonl"))).toBe(content);
    const record = await readRecord(path);
    expect([record.header, record.end]).toEqual([HEADER, RUN.at(-1)]);
    expect(record.steps).toEqual(RUN.filter(({ type }) => type === "step"));
  });

  it("has each line in the file as soon as it is written", async () => {
    const writer = openRecord(path);
    writer.write(HEADER);
    writer.write(stepLine(1));
    expect((await readRecord(path)).steps).toHaveLength(1);
    writer.close();
  });

  it("does not overwrite a record unless told to", () => {
    const content = write(RUN);
    expect(() => openRecord(path)).toThrow(
      expect.objectContaining({
        code: "OUTPUT_UNWRITABLE",
        message: expect.stringMatching(/exists already.*Resume/),
      }),
    );
    expect(readFileSync(path, "utf8")).toBe(content);
    write([HEADER], { replace: true });
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("says that it cannot write", () => {
    expect(() => openRecord(join(directory, "no", "such", "place"))).toThrow(
      expect.objectContaining({ code: "OUTPUT_UNWRITABLE", message: expect.stringMatching(/ENOENT/) }),
    );
  });
});

describe("openRecord on resume", () => {
  it("ends in the bytes of an uninterrupted run, wherever it was cut", () => {
    const whole = write(RUN);
    // `RUN` has its lines up to step s in the first `kept` places.
    for (const [step, kept] of [
      [0, 1],
      [1, 2],
      [2, 4],
      [3, 5],
      [4, 7],
    ]) {
      for (const cutBytes of [0, 1, 40]) {
        writeFileSync(path, whole.slice(0, whole.length - cutBytes));
        expect(write(RUN.slice(kept), { resumeAtStep: step }), `step ${step}, cut ${cutBytes}`).toBe(whole);
      }
    }
  });

  it("copes with a line torn within a character", () => {
    const whole = write([HEADER, stepLine(1)]);
    appendFileSync(path, Buffer.from([0x7b, 0x22, 0xc3]));
    expect(write([], { resumeAtStep: 1 })).toBe(whole);
  });

  it("leaves the file alone when it cannot be continued", () => {
    expect(() => openRecord(path, { resumeAtStep: 1 })).toThrow(
      expect.objectContaining({ code: "FILE_UNREADABLE", message: expect.stringMatching(/cannot resume/) }),
    );
    expect(existsSync(path)).toBe(false);
    const content = `${write([HEADER])}not JSON\n`;
    writeFileSync(path, content);
    expect(() => openRecord(path, { resumeAtStep: 1 })).toThrow(
      expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(/record\.jsonl:2/) }),
    );
    expect(readFileSync(path, "utf8")).toBe(content);
    // A header that was torn is no record: there is nothing to continue.
    writeFileSync(path, '{"type":"header"');
    expect(() => openRecord(path, { resumeAtStep: 0 })).toThrow(/expected a header/);
  });
});

describe("openTimings", () => {
  it("writes timings and cuts them back on resume", async () => {
    const timing = (step: number) => ({ type: "timing", step, seconds: 1, samplesPerSecond: 64 }) as const;
    const first = openTimings(path);
    for (const step of [10, 20, 30]) first.write(timing(step));
    first.close();
    const second = openTimings(path, { resumeAtStep: 25 });
    second.write(timing(35));
    second.close();
    expect((await readTimings(path)).map(({ step }) => step)).toEqual([10, 20, 35]);
  });
});

it("readRecord says which file cannot be read", async () => {
  await expect(readRecord(path)).rejects.toMatchObject({
    code: "FILE_UNREADABLE",
    message: expect.stringMatching(/record\.jsonl/),
  });
});
