/**
 * One NumPy array as a file: magic, version, a header that is a Python dictionary literal, then the elements. Reads row-major and
 * column-major little-endian arrays, writes row-major ones. The header is read by one pattern; nothing is evaluated.
 * Source: numpy.lib.format, "NPY format", versions 1.0 to 3.0.
 */
import { RoundoffError, require } from "../base/errors.ts";
import { DTYPE_BITS, type StoredTensor, type TensorDType, tensorBytes } from "./safetensors-dtype.ts";

/** NumPy's name of each type that both sides have. */
const DESCR: Partial<Readonly<Record<TensorDType, string>>> = {
  F64: "<f8",
  F32: "<f4",
  F16: "<f2",
  I64: "<i8",
  I32: "<i4",
  I16: "<i2",
  I8: "|i1",
  U64: "<u8",
  U32: "<u4",
  U16: "<u2",
  U8: "|u1",
  C64: "<c8",
  BOOL: "|b1",
};
const DTYPE: ReadonlyMap<string, TensorDType> = new Map(
  Object.entries(DESCR).map(([dtype, descr]) => [descr, dtype as TensorDType]),
);

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
const HEADER =
  /^\{\s*'descr'\s*:\s*'([^']{1,16})'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,\s*'shape'\s*:\s*\(([\d, L]*)\)\s*,?\s*\}\s*$/;
/** NumPy's own bound on axes, and far above it in digits: a header that is longer is none. */
const MAX_HEADER_BYTES = 10_000;
const MAX_AXES = 64;

/** Reads one array; `name` is for messages. The bytes are a view where the array is row-major. Throws DATA_CORRUPT or UNSUPPORTED. */
export function readNpy(bytes: Uint8Array, name: string): StoredTensor {
  const { text, end } = readHeader(bytes, name);
  const [, descr, fortran, sizes] = HEADER.exec(text) ?? [];
  require(descr !== undefined, "DATA_CORRUPT", () => ({
    what: `${name}: the header is not that of an array`,
    expected: "{'descr': …, 'fortran_order': …, 'shape': (…)}",
    received: text.slice(0, 80),
  }));
  const dtype = DTYPE.get(descr);
  require(dtype !== undefined, "UNSUPPORTED", () => ({
    what: `${name}: element type ${descr} cannot be read`,
    expected: [...DTYPE.keys()].join(", "),
    received: descr,
  }));
  const shape = readShape(sizes, name);
  const data = bytes.subarray(end);
  require(tensorBytes(dtype, shape) === data.length, "DATA_CORRUPT", () => ({
    what: `${name} does not have the length its header says`,
    expected: `${tensorBytes(dtype, shape)} bytes for (${shape.join(", ")}) of ${descr}`,
    received: `${data.length} bytes`,
  }));
  return { dtype, shape, bytes: fortran === "True" ? rowMajor(data, shape, DTYPE_BITS[dtype] / 8) : data };
}

/** The file of one array. Throws UNSUPPORTED for a type that NumPy does not have. */
export function writeNpy({ dtype, shape, bytes }: StoredTensor): Uint8Array {
  const descr = DESCR[dtype];
  require(descr !== undefined, "UNSUPPORTED", () => ({
    what: `NumPy has no element type ${dtype}`,
    expected: Object.keys(DESCR).join(", "),
    received: dtype,
    hint: "Write safetensors, or convert to F32 first.",
  }));
  require(tensorBytes(dtype, shape) === bytes.length, "SHAPE_MISMATCH", () => ({
    what: "the bytes of an array do not fit its shape",
    expected: `[${shape.join(", ")}] of ${dtype}`,
    received: `${bytes.length} bytes`,
  }));
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version and length take 10 bytes; the header ends in a newline at a multiple of 64.
  const header = new TextEncoder().encode(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`);
  const file = new Uint8Array(10 + header.length + bytes.length);
  file.set(MAGIC);
  file[6] = 1;
  new DataView(file.buffer).setUint16(8, header.length, true);
  file.set(header, 10);
  file.set(bytes, 10 + header.length);
  return file;
}

function readHeader(bytes: Uint8Array, name: string): { text: string; end: number } {
  require(bytes.length >= 12 && MAGIC.every((byte, at) => bytes[at] === byte), "DATA_CORRUPT", () => ({
    what: `${name} is not a NumPy array`,
    expected: "a file that begins with \\x93NUMPY",
  }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  require(version >= 1 && version <= 3, "UNSUPPORTED", () => ({
    what: `${name}: version of the NPY format is not known`,
    expected: "1, 2 or 3",
    received: String(version),
  }));
  const begin = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  require(length <= MAX_HEADER_BYTES && begin + length <= bytes.length, "DATA_CORRUPT", () => ({
    what: `${name}: the header is longer than the file, or than any header`,
    expected: `at most ${Math.min(MAX_HEADER_BYTES, bytes.length - begin)} bytes`,
    received: `${length}`,
  }));
  return {
    text: new TextDecoder("latin1").decode(bytes.subarray(begin, begin + length)),
    end: begin + length,
  };
}

/** `3, 4` or `3,` or nothing; Python 2 wrote `3L`. */
function readShape(sizes: string, name: string): number[] {
  const parts = sizes.split(",").map((part) => part.trim().replace(/L$/, ""));
  if (parts.at(-1) === "") parts.pop();
  const shape = parts.map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : Number.NaN));
  if (shape.length <= MAX_AXES && shape.every(Number.isSafeInteger)) return shape;
  throw new RoundoffError("DATA_CORRUPT", {
    what: `${name}: the shape is not a list of sizes`,
    received: `(${sizes})`,
  });
}

/** From column-major to row-major, element by element. */
function rowMajor(data: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const result = new Uint8Array(data.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((stride, length) => stride * length, size),
  );
  let from = 0;
  for (let to = 0; to < result.length; to += size) {
    for (let byte = 0; byte < size; byte++) result[to + byte] = data[from + byte];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}
