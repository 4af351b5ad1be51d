/**
 * Codes in memory: packed little-endian, as bulk.ts lays down. Knows nothing of what codes mean.
 * 4 bits: two a byte, the first in the low half. 6 bits: four in three bytes, the first in the lowest bits. Other widths:
 * one in 1, 2 or 4 bytes.
 */
import { require } from "../base/errors.ts";

/** Bits that a code of `bits` bits takes in memory: 4, 6, 8, 16 or 32. */
export function storedBits(bits: number): 4 | 6 | 8 | 16 | 32 {
  if (bits === 4 || bits === 6) return bits;
  if (bits <= 8) return 8;
  return bits <= 16 ? 16 : 32;
}

/** Bytes that `elements` codes of `bits` bits take. */
export function packedBytes(elements: number, bits: number): number {
  return Math.ceil((elements * storedBits(bits)) / 8);
}

/** Packs integers; negative ones in two's complement of the stored width. */
export function packCodes(codes: ArrayLike<number>, bits: number): Uint8Array {
  const width = storedBits(bits);
  const bytes = new Uint8Array(packedBytes(codes.length, bits));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < codes.length; i++) {
    if (width === 32) view.setUint32(4 * i, codes[i], true);
    else if (width === 16) view.setUint16(2 * i, codes[i], true);
    else if (width === 8) view.setUint8(i, codes[i]);
    else putBits(bytes, i * width, codes[i] & (2 ** width - 1));
  }
  return bytes;
}

/**
 * The codes as they were packed, as signed or unsigned integers.
 * @throws RoundoffError SHAPE_MISMATCH if there are too few or too many bytes for `elements` codes.
 */
export function unpackCodes(
  bytes: Uint8Array,
  elements: number,
  { bits, signed }: { readonly bits: number; readonly signed: boolean },
): Float64Array {
  require(bytes.byteLength === packedBytes(elements, bits), "SHAPE_MISMATCH", () => ({
    what: "packed codes do not fit the number of elements",
    expected: `${packedBytes(elements, bits)} bytes for ${elements} codes of ${bits} bits`,
    received: `${bytes.byteLength} bytes`,
  }));
  const width = storedBits(bits);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codes = new Float64Array(elements);
  for (let i = 0; i < elements; i++) {
    const code = storedCode(view, i, width);
    codes[i] = signed && code >= 2 ** (width - 1) ? code - 2 ** width : code;
  }
  return codes;
}

function storedCode(view: DataView, i: number, width: ReturnType<typeof storedBits>): number {
  if (width === 32) return view.getUint32(4 * i, true);
  if (width === 16) return view.getUint16(2 * i, true);
  if (width === 8) return view.getUint8(i);
  return takeBits(view, i * width, width);
}

/** Fewer than 8 bits touch two bytes at most. */
function putBits(bytes: Uint8Array, position: number, code: number): void {
  const [byte, shift] = [Math.floor(position / 8), position % 8];
  const shifted = code << shift;
  bytes[byte] |= shifted & 0xff;
  if (shifted > 0xff) bytes[byte + 1] |= shifted >> 8;
}

function takeBits(view: DataView, position: number, width: number): number {
  const [byte, shift] = [Math.floor(position / 8), position % 8];
  const high = byte + 1 < view.byteLength ? view.getUint8(byte + 1) << 8 : 0;
  return ((view.getUint8(byte) | high) >> shift) & (2 ** width - 1);
}
