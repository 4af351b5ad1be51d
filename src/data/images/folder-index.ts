/**
 * Lists an ImageNet-style folder: `train/CLASS/…` and `val/CLASS/…` (or `test/CLASS/…`) with JPEG, PNG and PPM files at any depth.
 * The label of a class is its place among the sorted names of the training folders, or in a list that the user gives.
 */
import type { Dirent } from "node:fs";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { RoundoffError } from "../../base/errors.ts";
import {
  BadInputs,
  type IndexOptions,
  isPictureName,
  type PictureEntry,
  type PictureIndex,
  pictureIndex,
} from "./picture-index.ts";

const TEST_FOLDERS = ["val", "test"];

/** Throws DATA_MISSING for a folder of another layout, and DATA_CORRUPT for a class that the list does not have. */
export function indexFolder(options: IndexOptions): PictureIndex {
  const { directory, badImages } = options;
  const testFolder = testFolderOf(directory, "CLASS/*.jpg");
  const classNames = options.classNames ?? foldersIn(join(directory, "train"));
  if (classNames.length === 0) {
    throw new RoundoffError("DATA_MISSING", { what: `${join(directory, "train")} has no folder of a class` });
  }
  const labels = new Map(classNames.map((name, label) => [name, label]));
  const bad = new BadInputs(badImages);
  const list = (split: string): PictureEntry[] =>
    foldersIn(join(directory, split)).flatMap((name) => {
      const label = labels.get(name);
      if (label === undefined) {
        const known = options.classNames === undefined ? "the folders of train" : "the list of classes";
        bad.add(`${split}/${name}`, "its pictures belong to no class", `a name among ${known}`);
        return [];
      }
      return picturesBelow(directory, `${split}/${name}`).map((path) => ({
        name: path,
        label,
        path: join(directory, path),
      }));
    });
  const found = { train: list("train"), test: list(testFolder), classes: classNames.length };
  return pictureIndex("imagefolder", options, found, bad.skipped);
}

/** The name of the folder to test with. Throws DATA_MISSING unless `directory` has `train` and such a folder. */
export function testFolderOf(directory: string, inside: string): string {
  const folders = foldersIn(directory);
  const found = TEST_FOLDERS.find((name) => folders.includes(name));
  if (folders.includes("train") && found !== undefined) return found;
  throw new RoundoffError("DATA_MISSING", {
    what: `${directory} does not hold pictures by split`,
    expected: `train/${inside} and val/${inside}`,
    received: folders.length === 0 ? "no folders" : `the folders ${folders.slice(0, 8).join(", ")}`,
  });
}

/** Names of the folders in a folder, links to folders too, in the order of Python's `sorted`. */
export function foldersIn(path: string): string[] {
  return entriesOf(path)
    .filter(
      (entry) => entry.isDirectory() || (entry.isSymbolicLink() && linksToFolder(join(path, entry.name))),
    )
    .map(({ name }) => name)
    .sort(byCodeUnits);
}

function linksToFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function picturesBelow(root: string, folder: string): string[] {
  return entriesOf(join(root, folder))
    .sort((a, b) => byCodeUnits(a.name, b.name))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return picturesBelow(root, path);
      return isPictureName(entry.name) ? [path] : [];
    });
}

/** The order of Python's `sorted`, whatever the locale. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Throws DATA_MISSING for what is not there, FILE_UNREADABLE for what cannot be read. */
export function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    throw new RoundoffError(missing ? "DATA_MISSING" : "FILE_UNREADABLE", {
      what: missing ? `there is no folder ${path}` : `cannot read the folder ${path}`,
      received: missing ? undefined : message,
      cause,
    });
  }
}
