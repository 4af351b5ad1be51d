/**
 * Several NumPy arrays in one file: a zip archive of .npy members, stored or deflated. Sizes come from the central directory, are
 * checked against the file, and bound what is decompressed. Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 to 4.3.16.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { RoundoffError } from "../base/errors.ts";
import { readNpy, writeNpy } from "./npy.ts";
import type { StoredTensor } from "./safetensors-dtype.ts";

const LOCAL = { signature: 0x04034b50, bytes: 30 };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const END = { signature: 0x06054b50, bytes: 22 };
const MAX_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
/** In the place of a size: the true one stands in a zip64 field, for archives above 4 GB. */
const ZIP64 = 0xffffffff;
/** What a bit of deflate can stand for at most, and a little for short members. */
export const MAX_EXPANSION = 1100;

interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly bytes: number;
  readonly localOffset: number;
}

/** The arrays by name, without `.npy`. Throws DATA_CORRUPT or UNSUPPORTED; `name` is the file's, for messages. */
export function readNpz(bytes: Uint8Array, name: string): Map<string, StoredTensor> {
  const members = readDirectory(bytes, name);
  const packed = members.reduce((sum, member) => sum + member.packed, 0);
  // Members that share bytes could each be large although the file is small.
  if (packed > bytes.length) throw corrupt(name, "its members overlap");
  const arrays = new Map<string, StoredTensor>();
  for (const member of members) {
    const key = member.name.replace(/\.npy$/, "");
    if (arrays.has(key)) throw corrupt(name, `it has two members "${member.name}"`);
    arrays.set(key, readNpy(unpack(bytes, member, name), `${name}: ${member.name}`));
  }
  return arrays;
}

/** The bytes of an archive with these arrays, stored as `numpy.savez` does. Equal contents in equal order give equal bytes. */
export function writeNpz(arrays: ReadonlyMap<string, StoredTensor>): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [key, tensor] of arrays) {
    const content = writeNpy(tensor);
    const encoded = new TextEncoder().encode(`${key}.npy`);
    const sizes = { crc: crc32(content), bytes: content.length, name: encoded };
    directory.push(header(CENTRAL, sizes, at), encoded);
    parts.push(header(LOCAL, sizes, 0), encoded, content);
    at += LOCAL.bytes + encoded.length + content.length;
  }
  const directoryBytes = directory.reduce((sum, part) => sum + part.length, 0);
  if (at + directoryBytes >= ZIP64) {
    throw new RoundoffError("UNSUPPORTED", {
      what: "the arrays are too large for one npz file",
      expected: "less than 4 GB",
      received: `${at} bytes`,
    });
  }
  const end = new DataView(new ArrayBuffer(END.bytes));
  end.setUint32(0, END.signature, true);
  end.setUint16(8, arrays.size, true);
  end.setUint16(10, arrays.size, true);
  end.setUint32(12, directoryBytes, true);
  end.setUint32(16, at, true);
  return new Uint8Array(Buffer.concat([...parts, ...directory, new Uint8Array(end.buffer)]));
}

/** Either header of a stored member; the central one also says where the local one is. */
function header(
  kind: typeof LOCAL | typeof CENTRAL,
  { crc, bytes, name }: { readonly crc: number; readonly bytes: number; readonly name: Uint8Array },
  offset: number,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(kind.bytes));
  const central = kind === CENTRAL;
  // The central header has one field more, "version made by", in front of what both have.
  const shift = central ? 2 : 0;
  view.setUint32(0, kind.signature, true);
  if (central) view.setUint16(4, 20, true);
  view.setUint16(4 + shift, 20, true);
  // Bit 11: names are UTF-8. Date 1980-01-01: no clock in a file that is compared.
  view.setUint16(6 + shift, 0x800, true);
  view.setUint16(12 + shift, 0x21, true);
  view.setUint32(14 + shift, crc, true);
  view.setUint32(18 + shift, bytes, true);
  view.setUint32(22 + shift, bytes, true);
  view.setUint16(26 + shift, name.length, true);
  if (central) view.setUint32(42, offset, true);
  return new Uint8Array(view.buffer);
}

function readDirectory(bytes: Uint8Array, name: string): Member[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view, name);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const members: Member[] = [];
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL.bytes > end || view.getUint32(at, true) !== CENTRAL.signature)
      throw corrupt(name, `entry ${i} of its directory is not one`);
    const [nameBytes, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    if (at + CENTRAL.bytes + nameBytes > end) throw corrupt(name, `the name of entry ${i} is cut off`);
    const text = bytes.subarray(at + CENTRAL.bytes, at + CENTRAL.bytes + nameBytes);
    members.push({
      name: new TextDecoder().decode(text),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      bytes: view.getUint32(at + 24, true),
      localOffset: view.getUint32(at + 42, true),
    });
    at += CENTRAL.bytes + nameBytes + extra + comment;
  }
  return members;
}

/** The end record stands at the end, before a comment of at most 64 KB. */
function findEnd(view: DataView, name: string): number {
  const last = view.byteLength - END.bytes;
  for (let at = last; at >= 0 && at >= last - MAX_COMMENT; at--) {
    if (view.getUint32(at, true) === END.signature) return at;
  }
  throw corrupt(name, "it is not a zip archive");
}

function unpack(bytes: Uint8Array, member: Member, name: string): Uint8Array {
  const where = `${name}: ${member.name}`;
  if ([member.packed, member.bytes, member.localOffset].includes(ZIP64)) {
    throw new RoundoffError("UNSUPPORTED", { what: `${where} is a member of 4 GB or more` });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = member.localOffset;
  if (at + LOCAL.bytes > bytes.length || view.getUint32(at, true) !== LOCAL.signature)
    throw corrupt(where, "its header is not where the directory says");
  const begin = at + LOCAL.bytes + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (begin + member.packed > bytes.length) throw corrupt(where, "it is longer than the archive");
  const content = expand(bytes.subarray(begin, begin + member.packed), member, where);
  if (content.length !== member.bytes) throw corrupt(where, "it has another length than the directory says");
  if (crc32(content) !== member.crc) throw corrupt(where, "its checksum is wrong");
  return content;
}

function expand(packed: Uint8Array, { method, bytes }: Member, where: string): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) {
    throw new RoundoffError("UNSUPPORTED", {
      what: `${where} is packed in a way that cannot be read`,
      expected: "stored (0) or deflated (8)",
      received: String(method),
    });
  }
  if (bytes > packed.length * MAX_EXPANSION)
    throw corrupt(where, "it claims to expand further than deflate can");
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1) });
  } catch (cause) {
    throw corrupt(where, `it cannot be unpacked (${(cause as Error).message})`);
  }
}

function corrupt(where: string, what: string): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", { what: `${where}: ${what}` });
}
