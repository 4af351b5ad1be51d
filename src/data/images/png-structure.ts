/**
 * The chunks of a PNG file, read before the decoder sees them: the declared size, and that the pixels unpack to exactly what it
 * needs, which the decoder does not bound. Gives back a file of the chunks that make the picture and no other.
 * Source: W3C, Portable Network Graphics (third edition), sections 5, 10 and 11.
 */
import { crc32, inflateSync } from "node:zlib";
import { badPicture, checkSize, type PictureLimits } from "./picture.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Samples a pixel by colour type, and the depths that type may have. */
const COLOUR_TYPES: Readonly<
  Record<number, { readonly samples: number; readonly depths: readonly number[] }>
> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
/** First column and row, and steps, of Adam7's seven passes. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Length, type, data and checksum. */
  readonly whole: Uint8Array;
}

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, at) => bytes[at] === byte);
}

/** The picture's own chunks as a file. Throws DATA_CORRUPT unless they are one whole picture within the limits. */
export function essentialPng(bytes: Uint8Array, name: string, limits: PictureLimits): Uint8Array {
  const chunks = readChunks(bytes, name);
  const [header, ...rest] = chunks;
  if (header?.type !== "IHDR" || header.data.length !== 13) throw badPicture(name, "it has no header");
  const expected = unpackedBytes(header.data, name, limits);
  const pixels = rest.filter(({ type }) => type === "IDAT");
  const palettes = rest.filter(({ type }) => type === "PLTE");
  const indexed = header.data[9] === 3;
  if (palettes.length !== (indexed ? 1 : 0) && (indexed || palettes.length > 1)) {
    throw badPicture(name, `it has ${palettes.length} palettes`);
  }
  checkPixels(concatenated(pixels.map(({ data }) => data)), expected, name);
  const palette = indexed ? palettes : [];
  const end = rest[rest.length - 1];
  return concatenated([SIGNATURE, ...[header, ...palette, ...pixels, end].map(({ whole }) => whole)]);
}

/** All chunks up to IEND, checksums checked. */
function readChunks(bytes: Uint8Array, name: string): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; ; ) {
    if (at + 12 > bytes.length) throw badPicture(name, `it is cut off after ${bytes.length} bytes`);
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw badPicture(name, `it is cut off after ${bytes.length} bytes`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw badPicture(name, `chunk ${JSON.stringify(type)} has a wrong checksum`);
    }
    chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    if (type === "IEND") return chunks;
    at = end;
  }
}

/** Bytes of the filtered rows that a header asks for. */
function unpackedBytes(header: Uint8Array, name: string, limits: PictureLimits): number {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = header.subarray(8);
  const type = COLOUR_TYPES[colour];
  if (!type?.depths.includes(depth)) throw badPicture(name, `colour type ${colour} with ${depth} bits`);
  if (compression !== 0 || filter !== 0 || interlace > 1) throw badPicture(name, "its coding is unknown");
  if (interlace === 1 && depth < 8) {
    throw badPicture(name, "interlaced PNG with fewer than 8 bits a sample is not supported");
  }
  checkSize(name, width, height, limits);
  const rows = (columns: number, count: number) =>
    columns === 0 ? 0 : count * (1 + Math.ceil((columns * type.samples * depth) / 8));
  if (interlace === 0) return rows(width, height);
  return ADAM7.reduce((sum, [left, top, stepX, stepY]) => {
    const [columns, count] = [Math.ceil((width - left) / stepX), Math.ceil((height - top) / stepY)];
    return sum + rows(Math.max(columns, 0), Math.max(count, 0));
  }, 0);
}

function checkPixels(packed: Uint8Array, expected: number, name: string): void {
  let length: number;
  try {
    length = inflateSync(packed, { maxOutputLength: expected }).length;
  } catch (cause) {
    throw badPicture(name, `its pixels do not unpack: ${(cause as Error).message}`, cause);
  }
  if (length !== expected) throw badPicture(name, `its pixels are ${length} bytes, not ${expected}`);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
