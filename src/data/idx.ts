/**
 * IDX, the array file of the MNIST family: two zero bytes, an element type, the rank, big-endian uint32 sizes, then
 * the elements in row-major order. Only unsigned bytes (type 0x08) are read; the other types occur in no set used here.
 * Source: Y. LeCun, "The MNIST database", section "File formats". Works on decompressed bytes.
 */
import { require } from "../base/errors.ts";

const UNSIGNED_BYTE = 0x08;

/** `elements` has the product of `shape` entries and is a view of the bytes that were read, not a copy. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly elements: Uint8Array;
}

/**
 * Reads an IDX array of the given rank; `name` is for messages. Throws DATA_CORRUPT for a wrong magic number, a wrong
 * rank, or a length that is not exactly what the sizes say. Allocates nothing that grows with the claimed sizes.
 */
export function readIdx(
  bytes: Uint8Array,
  options: { readonly rank: number; readonly name: string },
): IdxArray {
  const { rank, name } = options;
  const headerBytes = 4 + 4 * rank;
  require(bytes.length >= headerBytes, "DATA_CORRUPT", () => ({
    what: `${name} is too short for an IDX header`,
    expected: `at least ${headerBytes} bytes`,
    received: `${bytes.length} bytes`,
  }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expectedMagic = (UNSIGNED_BYTE << 8) | rank;
  require(magic === expectedMagic, "DATA_CORRUPT", () => ({
    what: `${name} is not an IDX file of unsigned bytes with ${rank} axes`,
    expected: `magic number ${expectedMagic}`,
    received: `${magic}`,
  }));
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // In BigInt, because sizes up to 2^32 − 1 each make products that doubles cannot hold exactly.
  const count = shape.reduce((product, size) => product * BigInt(size), 1n);
  require(count === BigInt(bytes.length - headerBytes), "DATA_CORRUPT", () => ({
    what: `${name} does not have the length its header says`,
    expected: `${headerBytes} + ${shape.join(" × ")} bytes`,
    received: `${bytes.length} bytes`,
  }));
  return { shape, elements: bytes.subarray(headerBytes) };
}
