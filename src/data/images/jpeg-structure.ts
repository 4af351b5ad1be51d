/**
 * The marker structure of a JPEG file, read before the decoder sees it: the size it declares, and whether it reaches its end. The
 * decoder takes the bits that a cut-off file lacks for zeros; here the file is refused. Source: ITU-T T.81, annex B.
 */
import { badPicture, checkSize, type PictureLimits } from "./picture.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
/** Baseline, extended and progressive Huffman coding: what the decoder knows. */
const KNOWN_FRAMES: readonly number[] = [0xc0, 0xc1, 0xc2];
/** All frame headers; C4 (tables), C8 (reserved) and CC (arithmetic conditioning) are none. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** RST0 to RST7 and TEM stand alone. */
const isBare = (marker: number) => (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;
/**
 * A scan of a few bytes may visit every block of a picture. Encoders write about ten progressive scans, libjpeg's scripts allow a
 * hundred.
 */
const MAX_SCANS = 100;

/** Throws DATA_CORRUPT unless `bytes` are one whole JPEG picture within the limits. */
export function checkJpeg(bytes: Uint8Array, name: string, limits: PictureLimits): void {
  let frames = 0;
  let scans = 0;
  let at = 2;
  if (bytes[0] !== 0xff || bytes[1] !== SOI) throw badPicture(name, "it does not begin as a JPEG file");
  for (;;) {
    at = nextMarker(bytes, at);
    if (at < 0) throw badPicture(name, `it is cut off after ${bytes.length} bytes`);
    const marker = bytes[at + 1];
    at += 2;
    if (marker === EOI) break;
    if (isBare(marker)) continue;
    const length = (bytes[at] << 8) | bytes[at + 1];
    if (at + length > bytes.length) throw badPicture(name, `it is cut off after ${bytes.length} bytes`);
    if (length < 2) throw badPicture(name, "a segment has no length");
    if (isFrame(marker)) {
      frames++;
      checkFrame(bytes.subarray(at, at + length), marker, name, limits);
    }
    if (marker === SOS) {
      if (frames === 0) throw badPicture(name, "a scan comes before the size of the picture");
      scans++;
    }
    at += length;
  }
  if (frames !== 1 || scans === 0) throw badPicture(name, `it has ${frames} frames and ${scans} scans`);
  if (scans > MAX_SCANS) throw badPicture(name, `it has ${scans} scans, more than ${MAX_SCANS}`);
}

/** Position of the next marker's first byte, entropy-coded bytes and fill bytes passed over; −1 at the end. */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== undefined && next !== 0x00 && next !== 0xff) return at;
  }
  return -1;
}

function checkFrame(segment: Uint8Array, marker: number, name: string, limits: PictureLimits): void {
  if (!KNOWN_FRAMES.includes(marker)) {
    throw badPicture(name, "lossless, hierarchical and arithmetic JPEG are not supported");
  }
  const [precision, components] = [segment[2], segment[7]];
  if (segment.length !== 8 + 3 * components) throw badPicture(name, "its frame header has a wrong length");
  if (precision !== 8) throw badPicture(name, `it has ${precision} bits a sample; 8 are supported`);
  if (components !== 1 && components !== 3 && components !== 4) {
    throw badPicture(name, `it has ${components} components; 1, 3 and 4 are supported`);
  }
  for (let i = 0; i < components; i++) {
    const sampling = segment[9 + 3 * i];
    const [h, v] = [sampling >> 4, sampling & 15];
    if (h < 1 || h > 4 || v < 1 || v > 4) throw badPicture(name, `a sampling factor is ${h} × ${v}`);
  }
  checkSize(name, (segment[5] << 8) | segment[6], (segment[3] << 8) | segment[4], limits);
}
