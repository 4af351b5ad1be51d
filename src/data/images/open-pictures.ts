/**
 * The sets of pictures that a user has in a folder, by name: `imagefolder` and `imageshards`. Lists them, and checks every picture
 * of one. Knows nothing of sets with a fixed content.
 */
import { readFileSync } from "node:fs";
import { RoundoffError, require } from "../../base/errors.ts";
import type { SkippedInput } from "../loader.ts";
import { indexFolder } from "./folder-index.ts";
import type { BadImages, PictureEntry, PictureIndex } from "./picture-index.ts";
import { createRowPool } from "./row-pool.ts";
import { indexShards } from "./shard-index.ts";

const LISTERS = { imagefolder: indexFolder, imageshards: indexShards } as const;
export type PictureSetName = keyof typeof LISTERS;
export const PICTURE_SETS = Object.keys(LISTERS) as readonly PictureSetName[];

export interface OpenPicturesOptions {
  readonly directory?: string;
  /** Default: fail. */
  readonly badImages?: BadImages;
  /** A file with a class name in each line, in the order of the labels. */
  readonly classesFile?: string;
}

export function isPictureSet(name: string): name is PictureSetName {
  return Object.hasOwn(LISTERS, name);
}

/** Throws INVALID_ARGUMENT without a directory, and as indexFolder and indexShards do. */
export function openPictures(name: PictureSetName, options: OpenPicturesOptions): PictureIndex {
  const { directory, badImages = "fail", classesFile } = options;
  require(directory !== undefined, "INVALID_ARGUMENT", () => ({
    what: `data set ${name} is wherever you have it`,
    expected: "a folder with train/ and val/",
    hint: `Name it: --data ${name}:DIR, or --data-dir DIR`,
  }));
  const classNames = classesFile === undefined ? undefined : readClassNames(classesFile);
  return LISTERS[name]({ directory, badImages, classNames });
}

function readClassNames(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new RoundoffError("FILE_UNREADABLE", {
      what: `cannot read the list of classes ${path}`,
      received: (cause as Error).message,
      cause,
    });
  }
  const names = text.split(/\r?\n/).map((line) => line.trim());
  while (names.at(-1) === "") names.pop();
  const wrong = names.findIndex((name, line) => name === "" || names.indexOf(name) !== line);
  require(names.length > 0 && wrong < 0, "DATA_CORRUPT", () => ({
    what: `${path} is not a list of classes`,
    expected: "one name in each line, no two equal",
    received: names.length === 0 ? "an empty file" : `"${names[wrong]}" in line ${wrong + 1}`,
  }));
  return names;
}

/** Decodes every picture of a set and gives what cannot be used, in the order of the list. Throws INTERRUPTED. */
export async function unusablePictures(
  { train, test, skipped }: PictureIndex,
  { workers, signal }: { readonly workers: number; readonly signal?: AbortSignal },
): Promise<SkippedInput[]> {
  const pool = createRowPool(workers);
  const found: SkippedInput[] = [...skipped];
  // So many at a time that no worker waits and the list of promises stays short.
  const together = 64 * Math.max(1, workers);
  const target = new SharedArrayBuffer(4 * 3);
  const check = ({ name, path, member }: PictureEntry) =>
    pool.prepare({ entry: { name, path, member }, view: { kind: "centre" }, target, offset: 0, size: 1 });
  try {
    for (const entries of [train, test]) {
      for (let first = 0; first < entries.length; first += together) {
        if (signal?.aborted)
          throw new RoundoffError("INTERRUPTED", { what: "checking the pictures was interrupted" });
        const some = entries.slice(first, first + together);
        const faults = await Promise.all(some.map(check));
        faults.forEach((reason, i) => {
          if (reason !== undefined) found.push({ name: some[i].name, reason });
        });
      }
    }
  } finally {
    await pool.close();
  }
  return found;
}
