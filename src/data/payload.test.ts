import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inTemporaryDirectory, tinySource, writeGzipped } from "./fixtures.ts";
import { readPayload, sha256Hex, sourceSha256, verifiedPayload } from "./payload.ts";

const { source, payloads } = tinySource("/nowhere");
const [images] = source.files;
const corrupt = (message: RegExp) =>
  expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) });

describe("verifiedPayload", () => {
  const plain = payloads[images.name];

  it("unpacks gzip and passes other bytes through", async () => {
    expect(Buffer.from(await verifiedPayload(gzipSync(plain), images, "x"))).toEqual(Buffer.from(plain));
    expect(await verifiedPayload(plain, images, "x")).toBe(plain);
  });

  it("does not expand a stream beyond the known length", async () => {
    const bomb = gzipSync(new Uint8Array(1_000_000));
    await expect(verifiedPayload(bomb, images, "x")).rejects.toThrow(
      corrupt(
        /x does not hold.*24 bytes with sha256.*received a gzip stream that fails: Cannot create a Buffer larger/,
      ),
    );
  });

  it("refuses a torn and an altered stream", async () => {
    const packed = gzipSync(plain);
    await expect(verifiedPayload(packed.subarray(0, -9), images, "x")).rejects.toThrow(
      corrupt(/unexpected end/),
    );
    packed[packed.length - 8] ^= 1;
    await expect(verifiedPayload(packed, images, "x")).rejects.toThrow(corrupt(/incorrect data check/));
  });
});

describe("readPayload", () => {
  it("finds the gzipped and the plain file, and nothing where there is nothing", () =>
    inTemporaryDirectory(async (directory) => {
      expect(await readPayload(directory, images)).toBeUndefined();
      await writeFile(join(directory, images.name), payloads[images.name]);
      expect((await readPayload(directory, images))?.path).toBe(join(directory, images.name));
      await writeGzipped(directory, payloads);
      const found = await readPayload(directory, images);
      expect(found?.path).toBe(join(directory, `${images.name}.gz`));
      expect(sha256Hex(found?.payload ?? "")).toBe(images.sha256);
    }));

  it("names the file and both hashes when the contents are others", () =>
    inTemporaryDirectory(async (directory) => {
      const other = payloads[images.name].map((byte, at) => (at === 20 ? byte ^ 1 : byte));
      await writeGzipped(directory, { [images.name]: other });
      const message = new RegExp(`${images.name}\\.gz.*${images.sha256}.*${sha256Hex(other)}`);
      await expect(readPayload(directory, images)).rejects.toThrow(corrupt(message));
    }));
});

it("sourceSha256 is the hash of what sha256sum prints", () => {
  const lines = `${images.sha256}  tiny-images\n${source.files[1].sha256}  tiny-labels\n`;
  expect(sourceSha256(source)).toBe(sha256Hex(lines));
});
