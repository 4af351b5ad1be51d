/** Writes a whole file so that a reader sees the old bytes or the new ones, never a part: beside, synced, renamed. */
import { open, rename, rm } from "node:fs/promises";
import { unwritable } from "./unwritable.ts";

/**
 * Throws OUTPUT_UNWRITABLE; the old file, if any, is then as it was. One writer at a time: what a killed one leaves beside
 * the file is written over by the next.
 */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.partial`;
  try {
    const handle = await open(temporary, "w");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(
      `cannot write "${path}"`,
      cause,
      "Check that the folder exists, is writable and has room.",
    );
  }
}
