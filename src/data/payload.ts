/**
 * From a file on disk to the bytes a data set is made of: gunzip when gzipped, bounded, hashed. A set is pinned by
 * the hash of its decompressed bytes because packagers may rewrite a gzip header. Knows nothing of what is inside.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { RoundoffError, unreadable } from "../base/errors.ts";
import type { DataFile, DataSource } from "./source.ts";

const gunzipAsync = promisify(gunzip);

/** The SHA-256 of `bytes` in lower-case hex. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * One hash for the whole set: SHA-256 of the lines `<sha256>  <name>\n` in the record's order, which is what
 * `sha256sum <files> | sha256sum` prints for the decompressed files.
 */
export function sourceSha256(source: DataSource): string {
  return sha256Hex(source.files.map((file) => `${file.sha256}  ${file.name}\n`).join(""));
}

/**
 * Returns `bytes`, decompressed if they start with gzip's magic number, if that is exactly `file`'s payload. Never
 * expands beyond the file's known length. Else DATA_CORRUPT, with `where` as the name and both hashes.
 */
export async function verifiedPayload(bytes: Uint8Array, file: DataFile, where: string): Promise<Uint8Array> {
  const refuse = (received: string, cause?: unknown): never => {
    throw new RoundoffError("DATA_CORRUPT", {
      what: `${where} does not hold the known data`,
      expected:
        file.hashed === "gzip"
          ? `a gzip file with sha256 ${file.sha256}`
          : `${file.bytes} bytes with sha256 ${file.sha256}, decompressed`,
      received,
      cause,
    });
  };
  // What is hashed as it was packed is not unpacked unless it is the right file.
  const packed = file.hashed === "gzip";
  const packedHash = packed ? sha256Hex(bytes) : file.sha256;
  if (packedHash !== file.sha256) refuse(`${bytes.length} bytes with sha256 ${packedHash}`);
  const gzipped = bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  let payload = bytes;
  if (gzipped) {
    try {
      payload = await gunzipAsync(bytes, { maxOutputLength: file.bytes });
    } catch (cause) {
      refuse(`a gzip stream that fails: ${(cause as Error).message}`, cause);
    }
  }
  if (packed) return payload;
  const hash = sha256Hex(payload);
  if (hash !== file.sha256) refuse(`${payload.length} bytes with sha256 ${hash}`);
  return payload;
}

/**
 * Reads one file of a set from `directory`, as `name.gz` or as the plain `name`. Returns undefined when neither exists;
 * throws FILE_UNREADABLE or DATA_CORRUPT (with the path) for a file that is there and not usable.
 */
export async function readPayload(
  directory: string,
  file: DataFile,
): Promise<{ path: string; payload: Uint8Array } | undefined> {
  for (const name of [`${file.name}.gz`, file.name]) {
    const path = join(directory, name);
    const bytes = await readIfPresent(path);
    if (bytes !== undefined) return { path, payload: await verifiedPayload(bytes, file, path) };
  }
  return undefined;
}

async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(path, cause);
  }
}
