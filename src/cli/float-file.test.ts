import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { codeBytes, float32Bytes, packCodes, readFloat32File } from "./float-file.ts";

const folder = mkdtempSync(join(tmpdir(), "roundoff-float-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("FP32 files", () => {
  it("are little-endian", () => {
    expect([...float32Bytes([1])]).toEqual([0x00, 0x00, 0x80, 0x3f]);
  });

  it("come back as they were written", async () => {
    const values = new Float32Array([1.5, -0, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** -149]);
    const path = join(folder, "values.f32");
    writeFileSync(path, float32Bytes(values));
    expect(await readFloat32File(path, "--in")).toEqual(values);
  });

  it("are refused when their length is not a multiple of four, or they are not there", async () => {
    const path = join(folder, "odd.f32");
    writeFileSync(path, new Uint8Array(6));
    await expect(readFloat32File(path, "--in")).rejects.toMatchObject({ code: "DATA_CORRUPT" });
    await expect(readFloat32File(join(folder, "none"), "--a")).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("--a"),
    });
    await expect(readFloat32File(folder, "--in")).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});

describe("code files", () => {
  it("use 1, 2 or 4 bytes for a code", () => {
    expect([4, 8, 9, 16, 19, 32].map(codeBytes)).toEqual([1, 1, 2, 2, 4, 4]);
  });

  it("are little-endian and in two's complement", () => {
    expect([...packCodes([0x7f, 255, -1], 8)]).toEqual([0x7f, 255, 255]);
    expect([...packCodes([0x1234, -2], 16)]).toEqual([0x34, 0x12, 0xfe, 0xff]);
    expect([...packCodes([0xdeadbeef], 32)]).toEqual([0xef, 0xbe, 0xad, 0xde]);
  });
});
