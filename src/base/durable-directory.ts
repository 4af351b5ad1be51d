/**
 * A directory of files that is there whole or not at all: written beside its place, synced (files, then directories) and
 * renamed. Knows nothing of what the files hold. Source of the order of steps: POSIX rename(2), fsync(2).
 */
import * as fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unwritable, writing } from "./unwritable.ts";

/** The file operations in use, so that tests can make each of them fail. */
export type FileLayer = Pick<typeof fs, "mkdir" | "open" | "rename" | "rm">;

/** File name → content, in pieces that are written one after the other. */
export type DirectoryFiles = ReadonlyMap<string, readonly Uint8Array[]>;

const PARTIAL = ".partial";

/** Whether `name` is what an interrupted `replaceDirectory` or `removeDirectory` leaves behind. */
export function isPartialDirectory(name: string): boolean {
  return name.startsWith(".") && name.endsWith(PARTIAL);
}

/**
 * Puts a directory with these files at `path`; the folder above must exist. A directory that is there already is replaced:
 * for an instant there is neither. Throws OUTPUT_UNWRITABLE and leaves what was there before.
 */
export async function replaceDirectory(
  path: string,
  files: DirectoryFiles,
  layer: FileLayer = fs,
): Promise<void> {
  const [fresh, old] = [beside(path, "new"), beside(path, "old")];
  try {
    await layer.rm(fresh, { recursive: true, force: true });
    await layer.mkdir(fresh);
    for (const [name, parts] of files) await writeDurably(join(fresh, name), parts, layer);
    await syncDirectory(fresh, layer);
    await moveAway(path, old, layer);
    await layer.rename(fresh, path);
    await syncDirectory(dirname(path), layer);
    await layer.rm(old, { recursive: true, force: true });
  } catch (cause) {
    await layer.rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    throw unwritable(
      `cannot write "${path}"`,
      cause,
      "Check that the folder exists, is writable and has room. What was there before is as it was.",
    );
  }
}

/** Removes a directory; one that is there in part has another name. Throws OUTPUT_UNWRITABLE. */
export function removeDirectory(path: string): Promise<void> {
  return writing(`cannot remove "${path}"`, async () => {
    await moveAway(path, beside(path, "old"), fs);
    await fs.rm(beside(path, "old"), { recursive: true, force: true });
  });
}

function beside(path: string, kind: "new" | "old"): string {
  return join(dirname(path), `.${basename(path)}.${kind}${PARTIAL}`);
}

/** Waits until the entries of a directory are on the disk: a renamed file survives a power cut only after this. */
export async function syncDirectory(path: string, layer: Pick<FileLayer, "open"> = fs): Promise<void> {
  const handle = await layer.open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeDurably(path: string, parts: readonly Uint8Array[], layer: FileLayer): Promise<void> {
  const handle = await layer.open(path, "wx");
  try {
    for (const part of parts) {
      for (let done = 0; done < part.length; ) {
        done += (await handle.write(part, done, part.length - done)).bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename does not replace a directory that holds files. */
async function moveAway(path: string, old: string, layer: FileLayer): Promise<void> {
  await layer.rm(old, { recursive: true, force: true });
  await layer.rename(path, old).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
  });
}
