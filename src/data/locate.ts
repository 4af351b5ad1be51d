/**
 * Finds a data set and proves that it is the right one. Looks, in this order, in a directory the user names (and then
 * nowhere else), the cache, the Debian package's installed path and, if fetching is allowed, in the Debian package and
 * at the public addresses. Data that is missing or altered is an error, never a reason to make some up.
 */
import { RoundoffError, require } from "../base/errors.ts";
import type { CacheOptions } from "./cache.ts";
import { cachedDirectory, cacheFromAddress, cacheFromDebian, clearUnfinishedFetches } from "./cache.ts";
import { readPayload, sourceSha256 } from "./payload.ts";
import type { DataSource } from "./source.ts";
import type { System } from "./system.ts";
import { SYSTEM } from "./system.ts";

/** Where located data lies. What was just fetched lies in the cache. */
export type Place = "directory" | "cache" | "debian";

/** A data set that is on this machine, read and verified. */
export interface LocatedData {
  readonly source: DataSource;
  readonly place: Place;
  /** The directory of the files. */
  readonly path: string;
  /** One hash over all payloads; see `sourceSha256`. */
  readonly sha256: string;
  /** Decompressed bytes by file name. */
  readonly payloads: ReadonlyMap<string, Uint8Array>;
}

export interface LocateOptions {
  /** The user's directory: if given, the only place looked at. */
  readonly directory?: string;
  readonly cacheDir: string;
  /** Whether packages and files may be downloaded. */
  readonly allowFetch: boolean;
  readonly log?: (message: string) => void;
  readonly signal?: AbortSignal;
  /** Programs and network; the real ones unless a test says otherwise. */
  readonly system?: System;
}

interface Attempt {
  readonly place: string;
  readonly error: RoundoffError;
}

/**
 * Returns the verified data of `source`. Throws DATA_MISSING, listing each place and why it failed, DATA_CORRUPT for
 * files with other contents, FILE_UNREADABLE, OUTPUT_UNWRITABLE (cache) or INTERRUPTED.
 */
export async function locate(source: DataSource, options: LocateOptions): Promise<LocatedData> {
  const { directory, cacheDir } = options;
  if (directory !== undefined) return readDirectory(source, "directory", directory);
  // Also where the cache has the set: the last fetch may have been killed after its files were in place.
  if (options.allowFetch) await clearUnfinishedFetches(cacheDir);
  const attempts: Attempt[] = [];
  const cached = cachedDirectory(cacheDir, source);
  const inCache = await attempt(attempts, "cache", () => readCache(source, cached));
  if (inCache !== undefined) return inCache;
  const { debian } = source;
  if (debian !== undefined) {
    const place = "installed Debian package";
    const found = await attempt(attempts, place, () => readDirectory(source, "debian", debian.directory));
    if (found !== undefined) return found;
    // A broken installed file is no secret, even when a download then makes it unnecessary.
    const { error } = attempts[attempts.length - 1];
    if (error.code !== "DATA_MISSING") options.log?.(`skipped: ${error.message}`);
  }
  if (options.allowFetch && (await fetchToCache(source, options, attempts))) return readCache(source, cached);
  throw notFound(source, options.allowFetch, attempts);
}

/** The decompressed bytes of one file of located data. */
export function filePayload(located: LocatedData, name: string): Uint8Array {
  const payload = located.payloads.get(name);
  require(payload !== undefined, "INVALID_ARGUMENT", () => ({
    what: `data set ${located.source.name} has no file ${name}`,
    expected: [...located.payloads.keys()].join(", "),
  }));
  return payload;
}

async function fetchToCache(
  source: DataSource,
  options: LocateOptions,
  attempts: Attempt[],
): Promise<boolean> {
  const { cacheDir, signal, log = () => {}, system = SYSTEM } = options;
  const cache: CacheOptions = { cacheDir, signal, log, system };
  const { debian } = source;
  const ways = [
    ...(debian === undefined
      ? []
      : [{ place: "Debian archive", fetch: () => cacheFromDebian(source, debian, cache) }]),
    ...source.addresses.map((address) => ({
      place: address,
      fetch: () => cacheFromAddress(source, address, cache),
    })),
  ];
  for (const { place, fetch } of ways) {
    const fetched = await attempt(attempts, place, () => fetch().then(() => true));
    if (fetched) return true;
    log(`${place}: ${attempts[attempts.length - 1].error.message}`);
  }
  return false;
}

/** Runs `action`; a failure that another place can make good is noted, any other is thrown. */
async function attempt<T>(
  attempts: Attempt[],
  place: string,
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    const final = !(error instanceof RoundoffError) || FINAL_ERRORS.has(error.code);
    if (final || (place === "cache" && error.code !== "DATA_MISSING")) throw error;
    attempts.push({ place, error });
    return undefined;
  }
}

const FINAL_ERRORS: ReadonlySet<string> = new Set(["INTERRUPTED", "OUTPUT_UNWRITABLE"]);

async function readDirectory(source: DataSource, place: Place, path: string): Promise<LocatedData> {
  const payloads = new Map<string, Uint8Array>();
  const absent: string[] = [];
  for (const file of source.files) {
    const found = await readPayload(path, file);
    if (found === undefined) absent.push(`${file.name}.gz`);
    else payloads.set(file.name, found.payload);
  }
  require(absent.length === 0, "DATA_MISSING", () => ({
    what: `${path} does not hold data set ${source.name}`,
    // In a list of attempts the names would only be repeated.
    expected: place === "directory" ? fileNames(source) : undefined,
    received: absent.length === source.files.length ? "none of its files" : `all but ${absent.join(", ")}`,
  }));
  return { source, place, path, sha256: sourceSha256(source), payloads };
}

async function readCache(source: DataSource, path: string): Promise<LocatedData> {
  try {
    return await readDirectory(source, "cache", path);
  } catch (error) {
    if (!(error instanceof RoundoffError) || error.code !== "DATA_CORRUPT") throw error;
    const hint = `Delete that file and run \`roundoff data fetch ${source.name}\``;
    throw new RoundoffError("DATA_CORRUPT", { ...error.parts, hint });
  }
}

function notFound(source: DataSource, fetched: boolean, attempts: readonly Attempt[]): RoundoffError {
  const corrupt = attempts.some(({ error }) => error.code === "DATA_CORRUPT");
  const hints = [
    ...(fetched ? [] : [`run \`roundoff data fetch ${source.name}\``]),
    ...(source.debian === undefined ? [] : [`install the Debian package ${source.debian.package}`]),
    `name a directory that holds ${fileNames(source)} (from ${source.addresses.join(" or ")})`,
  ];
  return new RoundoffError(corrupt ? "DATA_CORRUPT" : "DATA_MISSING", {
    what: `data set ${source.name} is not usable from any place`,
    received: attempts.map(({ place, error }) => `${place}: ${error.message}`).join(" | "),
    hint: `To get it: ${hints.join(", or ")}`,
  });
}

function fileNames(source: DataSource): string {
  return source.files.map((file) => `${file.name}.gz`).join(", ");
}
