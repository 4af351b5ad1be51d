/**
 * Reads and writes safetensors files: an 8-byte little-endian header length, a JSON header, then the elements of all
 * tensors without gaps. The reader trusts nothing: every offset is checked against the bytes that are there.
 * Source: the safetensors format description (Hugging Face). Little-endian machines only, as all that Node runs on here.
 */
import { RoundoffError, require } from "../base/errors.ts";
import { showValue } from "../base/show-value.ts";
import type { StoredTensor } from "./safetensors-dtype.ts";
import { DTYPE_BITS, isTensorDType, tensorBytes } from "./safetensors-dtype.ts";

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const LENGTH_BYTES = 8;
/** The largest header that the format allows: parsing it is the only step that costs more than its own size. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = "__metadata__";

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** Reads a file's bytes. The tensors are views of `bytes`, in the header's order. Throws DATA_CORRUPT. */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const headerBytes = readHeaderLength(bytes);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  const data = bytes.subarray(LENGTH_BYTES + headerBytes);
  const tensors = new Map<string, StoredTensor>();
  const spans: Span[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA_KEY) continue;
    const { dtype, shape, begin, end } = readEntry(name, entry, data.length);
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) });
    spans.push({ name, begin, end });
  }
  checkCoverage(spans, data.length);
  return { tensors, metadata: readMetadata(header[METADATA_KEY]) };
}

/**
 * The bytes of a file with these tensors, sorted by falling element size and then by name, so that every tensor is
 * aligned and equal contents give equal bytes. Throws SHAPE_MISMATCH for a tensor whose bytes do not fit its shape.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const file = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** The same bytes in pieces: the header, then views of the tensors, so that a file can be written without a copy of it. */
export function safetensorsParts(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) => DTYPE_BITS[b.dtype] - DTYPE_BITS[a.dtype] || (nameA < nameB ? -1 : 1),
  );
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push([METADATA_KEY, sortedByKey(metadata)]);
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of sorted) {
    requireWritable(name, { dtype, shape, bytes });
    const begin = end;
    end += bytes.length;
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const header = paddedHeader(entries);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return [length, header, ...sorted.map(([, { bytes }]) => bytes)];
}

function readHeaderLength(bytes: Uint8Array): number {
  const room = bytes.length - LENGTH_BYTES;
  if (room < 0) throw corrupt("the file is shorter than its length field", `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(room))
    throw corrupt("the header is longer than the file", `${length} of ${room} bytes`);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw corrupt("the header is too long", `${length} of at most ${MAX_HEADER_BYTES} bytes`);
  return Number(length);
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw corrupt("the header is not JSON", (cause as Error).message);
  }
  if (!isObject(header)) throw corrupt("the header is not a JSON object", typeof header);
  return header;
}

function readEntry(name: string, entry: unknown, dataBytes: number) {
  if (!isObject(entry)) throw corrupt(`the entry of tensor "${name}" is not an object`, typeof entry);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isTensorDType(dtype)) {
    throw corrupt(`tensor "${name}" has an unknown element type`, showValue(dtype));
  }
  if (!isSizeList(shape))
    throw corrupt(`the shape of tensor "${name}" is not a list of sizes`, showValue(shape));
  if (!isSizeList(offsets) || offsets.length !== 2) {
    throw corrupt(`the offsets of tensor "${name}" are not two integers`, showValue(offsets));
  }
  const [begin, end] = offsets;
  if (begin > end || end > dataBytes) {
    throw corrupt(`tensor "${name}" lies outside the file`, `bytes ${begin} to ${end} of ${dataBytes}`);
  }
  const expected = tensorBytes(dtype, shape);
  if (expected !== end - begin) {
    throw corrupt(
      `the length of tensor "${name}" is not that of its shape`,
      `${end - begin} for ${expected} bytes`,
    );
  }
  return { dtype, shape, begin, end };
}

/** Tensors may not overlap and nothing may hide between them: sorted, each begins where the one before ended. */
function checkCoverage(spans: readonly Span[], dataBytes: number): void {
  const sorted = [...spans].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of sorted) {
    if (begin !== at) {
      throw corrupt(`tensor "${name}" does not begin where the one before it ended`, `${begin}, not ${at}`);
    }
    at = end;
  }
  if (at !== dataBytes) throw corrupt("the tensors do not fill the file", `${at} of ${dataBytes} bytes`);
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {};
  const valid = isObject(metadata) && Object.values(metadata).every((value) => typeof value === "string");
  if (!valid) throw corrupt("the metadata is not an object of strings", showValue(metadata));
  return metadata as Record<string, string>;
}

function requireWritable(name: string, { dtype, shape, bytes }: StoredTensor): void {
  require(name !== METADATA_KEY, "INVALID_ARGUMENT", () => ({
    what: `a tensor cannot be named ${METADATA_KEY}`,
    hint: "The format reserves that name",
  }));
  require(isSizeList(shape) && tensorBytes(dtype, shape) === bytes.length, "SHAPE_MISMATCH", () => ({
    what: `the bytes of tensor "${name}" do not fit its shape`,
    expected: `[${shape.join(", ")}] of ${dtype}`,
    received: `${bytes.length} bytes`,
  }));
}

/** The header in UTF-8, filled up with spaces so that the data begins at a multiple of 8 bytes. */
function paddedHeader(entries: readonly [string, unknown][]): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8).fill(0x20);
  padded.set(bytes);
  return padded;
}

function sortedByKey(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizeList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function corrupt(what: string, received: string | undefined): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", { what: `broken safetensors file: ${what}`, received });
}
