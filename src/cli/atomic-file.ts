/**
 * Output files that are either complete or not there: written beside their place and renamed into it. Opening one is
 * also the test that it can be written, so commands open their outputs before they start to work.
 */
import { rmSync } from "node:fs";
import {
  access,
  constants,
  type FileHandle,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { RoundoffError } from "../base/errors.ts";
import { isMarkGone, processMark } from "../base/process-mark.ts";
import { writing } from "../base/unwritable.ts";

export interface AtomicFile {
  /** Appends bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Puts the file into its place. Nothing may be written afterwards. */
  commit(): Promise<void>;
  /** Leaves no trace. Harmless after `commit`. */
  discard(): Promise<void>;
}

/** Files that were begun and neither committed nor discarded. A process that ends in a hurry removes them. */
const unfinished = new Set<string>();

/** Removes what was begun and not finished; synchronous, for the `exit` event. */
export function removeUnfinishedFiles(): void {
  for (const path of unfinished) rmSync(path, { force: true });
  unfinished.clear();
}

/** Begins a file that will stand at `path`. Throws OUTPUT_UNWRITABLE when that cannot work. `option` names it. */
export async function createAtomicFile(path: string, option = "--out"): Promise<AtomicFile> {
  try {
    const target = await resolveTarget(path);
    // Renaming over a device or a pipe would replace it by a file: those are written directly.
    if (target.special) return directFile(await open(target.path, "w"), path);
    await removeLeftovers(target.path);
    const temporary = partialName(target.path, processMark());
    const handle = await open(temporary, "w");
    unfinished.add(temporary);
    return renamedFile(handle, temporary, target.path);
  } catch (error) {
    throw unwritable(path, option, error);
  }
}

/** Where the file for `path` is written until it is complete, by the process with this mark. */
function partialName(path: string, mark: string): string {
  return join(dirname(path), `.${basename(path)}.${mark}.partial`);
}

/** What processes that were killed while they wrote this file have left beside it. */
async function removeLeftovers(path: string): Promise<void> {
  const [begin, end] = [`.${basename(path)}.`, ".partial"];
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(begin) || !name.endsWith(end)) continue;
    if (isMarkGone(name.slice(begin.length, -end.length)))
      await rm(join(dirname(path), name), { force: true });
  }
}

export interface OutputRequest {
  readonly path: string;
  /** The option that named it, for messages: `--out`. */
  readonly option: string;
}

/**
 * Opens all outputs of a command, runs `body` with them in the same order, and puts them into their places when it
 * succeeds. When anything fails, none of them is left.
 */
export async function withOutputs<T>(
  requests: readonly OutputRequest[],
  body: (files: readonly AtomicFile[]) => Promise<T>,
): Promise<T> {
  refuseTwice(requests);
  const files: AtomicFile[] = [];
  try {
    for (const { path, option } of requests) files.push(await createAtomicFile(path, option));
    const result = await body(files);
    for (const file of files) await file.commit();
    return result;
  } finally {
    for (const file of files) await file.discard();
  }
}

function refuseTwice(requests: readonly OutputRequest[]): void {
  for (const [i, { path, option }] of requests.entries()) {
    const other = requests.slice(0, i).find((earlier) => resolve(earlier.path) === resolve(path));
    if (other === undefined) continue;
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: `${other.option} and ${option} name the same file`,
      expected: "two different paths",
      received: `"${path}"`,
    });
  }
}

/** Follows links; refuses folders and files without write permission (a rename would go around it). */
async function resolveTarget(path: string): Promise<{ path: string; special: boolean }> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return { path, special: false };
  if (found.isDirectory()) throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
  await access(path, constants.W_OK);
  return { path: await realpath(path), special: !found.isFile() };
}

function unwritable(path: string, option: string, error: unknown): RoundoffError {
  const code = (error as NodeJS.ErrnoException).code;
  return new RoundoffError("OUTPUT_UNWRITABLE", {
    what: `${option} cannot be written`,
    expected: "a path in a folder that exists and can be written",
    received: `"${path}"${code === undefined ? "" : ` (${code})`}`,
    hint: code === "ENOENT" ? `Create the folder "${dirname(path)}" first.` : undefined,
    cause: error,
  });
}

function writeAll(handle: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  return writing(`cannot write "${path}"`, async () => {
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done);
      done += bytesWritten;
    }
  });
}

function directFile(handle: FileHandle, path: string): AtomicFile {
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await handle.close();
  };
  return { write: (bytes) => writeAll(handle, bytes, path), commit: close, discard: close };
}

function renamedFile(handle: FileHandle, temporary: string, target: string): AtomicFile {
  const direct = directFile(handle, target);
  return {
    write: (bytes) => writeAll(handle, bytes, target),
    commit: () =>
      writing(`cannot write "${target}"`, async () => {
        // A disk that is full may say so no earlier than here.
        await handle.sync();
        await direct.commit();
        await rename(temporary, target);
        unfinished.delete(temporary);
      }),
    async discard() {
      // Why the file is discarded says more than that it cannot be removed; the next one to write it clears it away.
      await direct.discard().catch(() => undefined);
      if (unfinished.delete(temporary)) await rm(temporary, { force: true }).catch(() => undefined);
    },
  };
}
