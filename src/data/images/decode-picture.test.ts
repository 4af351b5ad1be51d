import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import { encode as encodePng } from "fast-png";
import { describe, expect, it } from "vitest";
import { decodePicture, loadCodecs } from "./decode-picture.ts";
import { jpegBytes, pngBytes, ruledPicture } from "./pictures.fixture.ts";

const codecs = await loadCodecs();
const decode = (bytes: Uint8Array) => decodePicture(bytes, "x.jpg", { codecs });
const refused = (message: RegExp) =>
  expect.objectContaining({ code: "DATA_CORRUPT", message: expect.stringMatching(message) });

describe("JPEG", () => {
  const picture = ruledPicture(37, 29);
  const bytes = jpegBytes(picture, 95);

  it("gives the picture that was encoded, up to the loss", () => {
    const found = decode(bytes);
    expect([found.width, found.height, found.rgb.length]).toEqual([37, 29, 3 * 37 * 29]);
    const errors = found.rgb.map((value, at) => Math.abs(value - picture.rgb[at]));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(3);
  });

  it("is refused wherever it is cut off", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.slice(0, length)), `${length} bytes`).toThrow(
        refused(/picture x.jpg cannot be used/),
      );
    }
  });

  it("is refused by its declared size before anything is decoded", () => {
    const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    const huge = bytes.slice();
    huge.set([0xff, 0xff, 0xff, 0xff], at + 5);
    expect(() => decode(huge)).toThrow(refused(/65535 × 65535 pixels, more than/));
    const none = bytes.slice();
    none.set([0, 0], at + 5);
    expect(() => decode(none)).toThrow(refused(/37 × 0 pixels/));
  });

  it("of another kind is refused with its reason", () => {
    const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    const changed = (offset: number, value: number) => {
      const copy = bytes.slice();
      copy[at + offset] = value;
      return copy;
    };
    expect(() => decode(changed(1, 0xc3))).toThrow(refused(/lossless/));
    expect(() => decode(changed(4, 12))).toThrow(refused(/12 bits a sample/));
    expect(() => decode(changed(11, 0x05))).toThrow(refused(/sampling factor is 0 × 5/));
    const scan = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xda);
    const scans = new Uint8Array([
      ...bytes.subarray(0, -2),
      ...Array.from({ length: 100 }, () => [...bytes.subarray(scan, scan + 14)]).flat(),
      0xff,
      0xd9,
    ]);
    expect(() => decode(scans)).toThrow(refused(/101 scans/));
  });
});

describe("JPEG files of another encoder", () => {
  // jpeg-js repeats subsampled colours, libjpeg interpolates them: the difference is largest where colours change fastest.
  it.each([
    ["baseline-444", 1],
    ["baseline-420", 6],
    ["restart", 4],
    ["progressive-420", 6],
    ["progressive-grey", 0.2],
    ["grey", 0.2],
    ["cmyk", 0.2],
  ])("%s is what its own decoder makes of it, within %d levels on average", (name, bound) => {
    const read = (end: string) =>
      decode(readFileSync(new URL(`../../../test/goldens/pictures/${name}.${end}`, import.meta.url)));
    const [found, expected] = [read("jpg"), read("png")];
    expect([found.width, found.height]).toEqual([37, 26]);
    const errors = Array.from(found.rgb, (value, at) => Math.abs(value - expected.rgb[at]));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(bound);
  });

  it("give the same pixels in one scan and progressively", () => {
    const read = (name: string) =>
      decode(readFileSync(new URL(`../../../test/goldens/pictures/${name}.jpg`, import.meta.url)));
    expect(read("progressive-420")).toEqual(read("baseline-420"));
  });
});

/** A PNG file of these header bytes and rows (each with its filter byte). */
function png(
  header: { width: number; height: number; depth: number; colour: number },
  more: {
    palette?: readonly number[];
    rows: readonly number[];
    interlace?: number;
  },
): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const content = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(content));
    return Buffer.concat([length, content, sum]);
  };
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(header.width, 0);
  ihdr.writeUInt32BE(header.height, 4);
  ihdr.set([header.depth, header.colour, 0, 0, more.interlace ?? 0], 8);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      chunk("IHDR", ihdr),
      ...(more.palette === undefined ? [] : [chunk("PLTE", Uint8Array.from(more.palette))]),
      chunk("IDAT", deflateSync(Uint8Array.from(more.rows))),
      chunk("IEND", new Uint8Array(0)),
    ]),
  );
}

describe("PNG", () => {
  it("gives back every pixel", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(50),
        (w, h, example) => {
          const picture = ruledPicture(w, h, { example });
          expect(decode(pngBytes(picture))).toEqual(picture);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([
    ["grey, 1 bit", { depth: 1, colour: 0 }, { rows: [0, 0b10100000] }, [255, 0, 255]],
    ["grey, 4 bits", { depth: 4, colour: 0 }, { rows: [0, 0x0f, 0x80] }, [0, 255, 136]],
    ["grey, 16 bits", { depth: 16, colour: 0 }, { rows: [0, 1, 200, 2, 0, 3, 255] }, [1, 2, 3]],
    ["grey with transparency", { depth: 8, colour: 4 }, { rows: [0, 9, 0, 8, 255, 7, 1] }, [9, 8, 7]],
  ] as const)("reads %s", (_, header, more, greys) => {
    const { rgb } = decode(png({ width: 3, height: 1, ...header }, more));
    expect([...rgb]).toEqual(greys.flatMap((grey) => [grey, grey, grey]));
  });

  it("reads indexed colours and refuses an index that has none", () => {
    const header = { width: 3, height: 1, depth: 2, colour: 3 };
    const palette = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect([...decode(png(header, { palette, rows: [0, 0b00011000] })).rgb]).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(() => decode(png(header, { palette, rows: [0, 0b11000000] }))).toThrow(refused(/colour 3 of 3/));
    expect(() => decode(png(header, { rows: [0, 0] }))).toThrow(refused(/0 palettes/));
  });

  it("reads 8 bits interlaced", () => {
    const rows = [0, 10, 0, 20, 0, 30];
    // Two columns and two rows: passes 1, 6 and 7 are not empty.
    const { rgb } = decode(
      png(
        { width: 2, height: 2, depth: 8, colour: 0 },
        { rows: [...rows.slice(0, 4), 0, 30, 40], interlace: 1 },
      ),
    );
    expect([...rgb].filter((_, i) => i % 3 === 0)).toEqual([10, 20, 30, 40]);
    const narrow = png({ width: 2, height: 2, depth: 1, colour: 0 }, { rows, interlace: 1 });
    expect(() => decode(narrow)).toThrow(refused(/interlaced PNG with fewer than 8 bits/));
  });

  it("is refused wherever it is cut off, and for every changed byte", () => {
    const bytes = pngBytes(ruledPicture(5, 4));
    for (let at = 0; at < bytes.length; at++) {
      expect(() => decode(bytes.slice(0, at))).toThrow(refused(/cannot be used/));
      const changed = bytes.slice();
      changed[at] ^= 0x10;
      expect(() => decode(changed), `byte ${at}`).toThrow(refused(/cannot be used/));
    }
  });

  it("unpacks no more than its size asks for", () => {
    const header = { width: 2, height: 1, depth: 8, colour: 0 };
    const bomb = png(header, { rows: new Array<number>(1_000_000).fill(0) });
    expect(() => decode(bomb)).toThrow(refused(/do not unpack/));
    expect(() => decode(png(header, { rows: [0, 1] }))).toThrow(refused(/2 bytes, not 3/));
    expect(() => decode(png({ ...header, width: 60_000, height: 60_000 }, { rows: [0] }))).toThrow(
      refused(/60000 × 60000 pixels, more than/),
    );
  });
});

describe("decodePicture", () => {
  it("tells a file by its first bytes", () => {
    expect(() => decode(Buffer.from("GIF89a"))).toThrow(refused(/neither JPEG nor PNG/));
    expect(() => decode(new Uint8Array(0))).toThrow(refused(/it is empty/));
    const limits = { maxBytes: 100, maxPixels: 1000 };
    expect(() => decodePicture(new Uint8Array(101), "x", { codecs, limits })).toThrow(refused(/101 bytes/));
  });

  it("names the package that is missing and how to get it", () => {
    const missing = (hint: string) =>
      expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining(hint) });
    const picture = ruledPicture(4, 4);
    expect(() => decodePicture(jpegBytes(picture), "x", { codecs: {} })).toThrow(
      missing("npm install jpeg-js"),
    );
    const grey = encodePng({ width: 1, height: 1, data: Uint8Array.of(1), channels: 1, depth: 8 });
    expect(() => decodePicture(grey, "x", { codecs: {} })).toThrow(missing("npm install fast-png"));
  });
});
