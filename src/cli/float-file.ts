/**
 * Raw little-endian files of FP32 values and of codes, as `convert` and `gemm` exchange them with other programs. Knows
 * nothing of formats beyond the width of a code.
 */
import { readFile } from "node:fs/promises";
import { RoundoffError, require } from "../base/errors.ts";

const FP32_BYTES = 4;

/**
 * The values of a file of FP32. Throws FILE_UNREADABLE, or DATA_CORRUPT for a length that is no multiple of 4 bytes.
 * `option` names the file in messages.
 */
export async function readFloat32File(path: string, option: string): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: `${option} cannot be read`,
      expected: "a file of little-endian FP32 values",
      received: `"${path}" (${cause.code ?? cause.message})`,
      cause,
    });
  });
  require(bytes.byteLength % FP32_BYTES === 0, "DATA_CORRUPT", () => ({
    what: `${option} is not a whole number of FP32 values`,
    expected: `a length that is a multiple of ${FP32_BYTES} bytes`,
    received: `${bytes.byteLength} bytes in "${path}"`,
  }));
  const values = new Float32Array(bytes.byteLength / FP32_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(i * FP32_BYTES, true);
  return values;
}

/** FP32 values as little-endian bytes. */
export function float32Bytes(values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * FP32_BYTES));
  for (let i = 0; i < values.length; i++) view.setFloat32(i * FP32_BYTES, values[i], true);
  return new Uint8Array(view.buffer);
}

/** Bytes that hold a code of `bits` bits in a file: 1, 2 or 4. */
export function codeBytes(bits: number): 1 | 2 | 4 {
  if (bits <= 8) return 1;
  return bits <= 16 ? 2 : 4;
}

/** Codes as little-endian bytes, each in `codeBytes(bits)` bytes; negative ones in two's complement. */
export function packCodes(codes: ArrayLike<number>, bits: number): Uint8Array {
  const width = codeBytes(bits);
  const view = new DataView(new ArrayBuffer(codes.length * width));
  for (let i = 0; i < codes.length; i++) {
    if (width === 1) view.setUint8(i, codes[i]);
    else if (width === 2) view.setUint16(2 * i, codes[i], true);
    else view.setUint32(4 * i, codes[i], true);
  }
  return new Uint8Array(view.buffer);
}
