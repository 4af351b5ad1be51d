/**
 * The cache directory of data sets: where it is, and how files get in. A file enters complete and verified or not at
 * all: it is fetched into a working directory beside its place and renamed. Does not decide when to fetch.
 */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import { isMarkGone, MARK_PATTERN, processMark } from "../base/process-mark.ts";
import { unwritable, writing } from "../base/unwritable.ts";
import type { FetchOptions } from "./fetch-debian.ts";
import { fetchDebian } from "./fetch-debian.ts";
import { readPayload } from "./payload.ts";
import type { DataSource, DebianPackage } from "./source.ts";

/** What gzip can at most add to data it cannot compress, with room for any header. */
const GZIP_OVERHEAD_BYTES = 65_536;

const CANNOT_WRITE = "cannot write to the cache directory";
/** Named after the process, so that those of killed ones are known. */
const WORK_DIRECTORY = new RegExp(`^\\.fetch-(${MARK_PATTERN})-`);

/** `$XDG_CACHE_HOME/roundoff`, or `~/.cache/roundoff`. A relative XDG_CACHE_HOME is ignored, as its standard says. */
export function defaultCacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const named = env.XDG_CACHE_HOME;
  const base = named !== undefined && isAbsolute(named) ? named : join(env.HOME || homedir(), ".cache");
  return join(base, "roundoff");
}

/** The directory of one set in the cache. */
export function cachedDirectory(cacheDir: string, source: DataSource): string {
  return join(cacheDir, source.name);
}

/**
 * Brings `source` into the cache from its Debian package. Throws DATA_MISSING, DATA_CORRUPT (the package holds other
 * bytes), OUTPUT_UNWRITABLE or INTERRUPTED; the cache is then as it was.
 */
export function cacheFromDebian(
  source: DataSource,
  debian: DebianPackage,
  options: CacheOptions,
): Promise<void> {
  return fill(source, options, (work) => fetchDebian(debian, { ...options, workDirectory: work }));
}

/** Brings `source` into the cache from a public base address. Throws as `cacheFromDebian` does. */
export function cacheFromAddress(source: DataSource, address: string, options: CacheOptions): Promise<void> {
  return fill(source, options, async (work) => {
    for (const file of source.files) {
      const from = `${address}/${file.name}.gz`;
      options.log(`downloading ${from}`);
      const maxBytes = file.bytes + GZIP_OVERHEAD_BYTES;
      const bytes = await options.system.download(from, { maxBytes, signal: options.signal });
      await writing(CANNOT_WRITE, () => writeFile(join(work, `${file.name}.gz`), bytes));
    }
    return work;
  });
}

export interface CacheOptions extends Omit<FetchOptions, "workDirectory"> {
  readonly cacheDir: string;
}

/** Runs `fetchFiles`, which returns a directory, then moves the files from there into the cache once all are verified. */
async function fill(
  source: DataSource,
  { cacheDir }: CacheOptions,
  fetchFiles: (workDirectory: string) => Promise<string>,
): Promise<void> {
  const target = cachedDirectory(cacheDir, source);
  const work = await makeWorkDirectory(cacheDir);
  try {
    const from = await fetchFiles(work);
    const paths: string[] = [];
    for (const file of source.files) {
      const found = await readPayload(from, file);
      if (found === undefined) {
        throw new RoundoffError("DATA_MISSING", { what: `${file.name} is not in what was fetched` });
      }
      paths.push(found.path);
    }
    await writing(CANNOT_WRITE, async () => {
      await mkdir(target, { recursive: true });
      for (const path of paths) await rename(path, join(target, basename(path)));
    });
  } finally {
    // What cannot be removed now is removed by the next one.
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Removes what fetches have left whose processes were killed. What cannot be removed stays: it does no harm. */
export async function clearUnfinishedFetches(cacheDir: string): Promise<void> {
  const names = await readdir(cacheDir).catch(() => []);
  for (const name of names) {
    const [, mark] = WORK_DIRECTORY.exec(name) ?? [];
    if (mark === undefined || !isMarkGone(mark)) continue;
    await rm(join(cacheDir, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function makeWorkDirectory(cacheDir: string): Promise<string> {
  try {
    await mkdir(cacheDir, { recursive: true });
    // In the cache, not in the system's temporary directory: a rename only works within one file system.
    return await mkdtemp(join(cacheDir, `.fetch-${processMark()}-`));
  } catch (cause) {
    throw unwritable(
      `cannot write to the cache directory ${cacheDir}`,
      cause,
      "Set XDG_CACHE_HOME to a directory that can be written",
    );
  }
}
