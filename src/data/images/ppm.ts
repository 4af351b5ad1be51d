/**
 * Pictures as plain bytes: the binary PPM format (P6) with 8 bits a channel, which costs nothing to decode and which every viewer
 * reads. Source: the format's description in Netpbm (ppm(5)). One picture in a file, nothing behind it.
 */
import { badPicture, checkSize, type Picture, type PictureLimits } from "./picture.ts";

/** Longer headers, with their comments, are no headers. */
const MAX_HEADER_BYTES = 1024;

/**
 * Numbers are apart by white space and comments; exactly one character of white space is before the pixels. Each alternative begins
 * with another character, so that no text takes long to refuse.
 */
const HEADER = /^P6(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,5})\s/;

export function isPpm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x36;
}

export function encodePpm({ width, height, rgb }: Picture): Uint8Array {
  const header = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
  const bytes = new Uint8Array(header.length + rgb.length);
  bytes.set(header);
  bytes.set(rgb, header.length);
  return bytes;
}

/** The pixels are a view of `bytes`. Throws DATA_CORRUPT with `name`. */
export function decodePpm(bytes: Uint8Array, name: string, limits: PictureLimits): Picture {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_HEADER_BYTES));
  const header = HEADER.exec(text);
  if (header === null) throw badPicture(name, "its header is not that of a PPM picture");
  const [width, height, most] = header.slice(1).map(Number);
  if (most !== 255) throw badPicture(name, `its largest value is ${most}, and 255 can be read`);
  checkSize(name, width, height, limits);
  const expected = header[0].length + 3 * width * height;
  if (bytes.length < expected) throw badPicture(name, `it is cut off after ${bytes.length} bytes`);
  if (bytes.length > expected) throw badPicture(name, `${bytes.length - expected} bytes follow its pixels`);
  return { width, height, rgb: bytes.subarray(header[0].length) };
}
