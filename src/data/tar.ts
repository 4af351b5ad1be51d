/**
 * Reads a tar archive: the regular files of one in memory as views of its bytes, or where they lie in one that is read piece by
 * piece. Long names of GNU and pax archives are understood;
 * links, devices and folders are passed over; nothing is ever written to a disk. Source: POSIX.1-2017, pax, "ustar
 * Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
import { RoundoffError } from "../base/errors.ts";

const BLOCK = 512;
/** Longer names are no names: PATH_MAX of Linux. */
const MAX_NAME_BYTES = 4096;
/** What an entry says about the next one is read whole. */
const MAX_OVERRIDE_BYTES = 2 ** 20;

export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What the entries before a file say about it. */
interface Overrides {
  name?: string;
  bytes?: number;
}

/** Where a regular file lies in an archive. */
export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** An archive as bytes that are asked for; fewer than `length` come back only at its end. */
export interface TarSource {
  readonly bytes: number;
  readonly read: (offset: number, length: number) => Uint8Array;
}

/** The regular files in order. Throws DATA_CORRUPT; `name` is the archive's, for messages. */
export function readTar(archive: Uint8Array, name: string): TarFile[] {
  const read = (offset: number, length: number) => archive.subarray(offset, offset + length);
  return Array.from(tarMembers({ bytes: archive.length, read }, name), (member) => ({
    name: member.name,
    bytes: read(member.offset, member.bytes),
  }));
}

/** The regular files in order, reading headers only. Throws DATA_CORRUPT where the archive is damaged. */
export function* tarMembers(archive: TarSource, name: string): Generator<TarMember> {
  let overrides: Overrides = {};
  for (let at = 0; at < archive.bytes; ) {
    const header = archive.read(at, BLOCK);
    if (header.length < BLOCK) throw corrupt(name, at, "the header is cut off");
    // Two blocks of zeros end an archive; what follows is padding.
    if (header.every((byte) => byte === 0)) break;
    if (readNumber(header, 148, 8) !== checksum(header))
      throw corrupt(name, at, "the header's checksum is wrong");
    const type = String.fromCharCode(header[156]);
    const special = "xgLK".includes(type);
    const size = (special ? undefined : overrides.bytes) ?? readNumber(header, 124, 12);
    if (!Number.isSafeInteger(size)) throw corrupt(name, at, "the size is not a number");
    const begin = at + BLOCK;
    if (begin + size > archive.bytes) throw corrupt(name, at, "the file is longer than the archive");
    if (type === "L") overrides.name = text(named(override(archive, begin, size, name), name, at));
    else if (type === "x")
      Object.assign(overrides, paxOverrides(override(archive, begin, size, name), name, at));
    else if (!special) {
      if (type === "0" || type === "\0" || type === "7")
        yield { name: overrides.name ?? headerName(header), offset: begin, bytes: size };
      overrides = {};
    }
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function override({ read }: TarSource, begin: number, size: number, name: string): Uint8Array {
  if (size > MAX_OVERRIDE_BYTES) throw corrupt(name, begin - BLOCK, "an extended header is too long");
  return read(begin, size);
}

function headerName(header: Uint8Array): string {
  const [short, prefix] = [text(header.subarray(0, 100)), text(header.subarray(345, 500))];
  const ustar = text(header.subarray(257, 262)) === "ustar";
  return ustar && prefix !== "" && header[263] === 0x30 ? `${prefix}/${short}` : short;
}

/** Octal digits, or with the high bit set a big-endian binary number. NaN for anything else. */
function readNumber(header: Uint8Array, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (field[0] === 0x80) return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  const digits = text(field).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : Number.NaN;
}

/** The sum of all bytes, the checksum's own field counted as spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

/** Records `LENGTH KEY=VALUE\n`; only path and size matter here. */
function paxOverrides(bytes: Uint8Array, name: string, at: number): Overrides {
  const found: Overrides = {};
  for (let from = 0; from < bytes.length; ) {
    const [, digits] =
      /^(\d{1,7}) /.exec(new TextDecoder("latin1").decode(bytes.subarray(from, from + 8))) ?? [];
    const length = Number(digits);
    if (!(length > 0) || from + length > bytes.length) throw corrupt(name, at, "a pax record is cut off");
    const record = bytes.subarray(from + digits.length + 1, from + length - 1);
    const equals = record.indexOf(0x3d);
    const key = new TextDecoder().decode(record.subarray(0, Math.max(equals, 0)));
    const value = record.subarray(equals + 1);
    if (key === "path") found.name = text(named(value, name, at));
    if (key === "size") found.bytes = /^\d{1,15}$/.test(text(value)) ? Number(text(value)) : Number.NaN;
    from += length;
  }
  return found;
}

function named(bytes: Uint8Array, name: string, at: number): Uint8Array {
  if (bytes.length <= MAX_NAME_BYTES) return bytes;
  throw corrupt(name, at, "a name is longer than any path");
}

/** Up to the first zero byte. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function corrupt(name: string, at: number, what: string): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", { what: `${name}: entry at byte ${at}: ${what}` });
}
