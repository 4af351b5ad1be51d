/**
 * Copies a set of pictures, decoded and made smaller once, so that training does not decode them again in every epoch: a folder as
 * `imagefolder` reads it, with a PPM file for each picture. Started again after an interruption it goes on where it was.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RoundoffError, require } from "../../base/errors.ts";
import { replaceFile } from "../../base/replace-file.ts";
import { unwritable } from "../../base/unwritable.ts";
import type { SkippedInput } from "../loader.ts";
import { foldersIn } from "./folder-index.ts";
import { type PictureEntry, type PictureIndex, SKIP_HINT } from "./picture-index.ts";
import { createRowPool, type RowPool } from "./row-pool.ts";

export interface CopyOptions {
  /** A folder that need not be there yet. */
  readonly out: string;
  /** Pixels of the shorter side; smaller pictures stay as they are. */
  readonly shorterSide: number;
  readonly workers: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, pictures: number) => void;
}

export interface CopiedPictures {
  readonly pictures: number;
  /** Of those, how many were there already. */
  readonly already: number;
  readonly skipped: readonly SkippedInput[];
}

/** So many jobs for each worker at a time that none waits and the list of promises stays short. */
const JOBS_TOGETHER = 16;

/** Throws DATA_CORRUPT at a picture that cannot be used, unless the index skips such; OUTPUT_UNWRITABLE; INTERRUPTED. */
export async function copyPictures(index: PictureIndex, options: CopyOptions): Promise<CopiedPictures> {
  const { out, workers, signal } = options;
  const root = index.provenance.path;
  require(resolve(out) !== resolve(root), "INVALID_ARGUMENT", () => ({
    what: "the copies would lie among the pictures themselves",
    hint: "Name another folder.",
  }));
  makeClassFolders(index, out);
  await claim(index, options);
  const places = [index.train, index.test].flatMap((entries, split) =>
    entries.map((entry) => ({ entry, to: join(out, copyName(index, entry, split === 0 ? "train" : "val")) })),
  );
  const missing = places.filter(({ to }) => !existsSync(to));
  const already = places.length - missing.length;
  const skipped: SkippedInput[] = [...index.skipped];
  const pool = createRowPool(workers);
  const together = JOBS_TOGETHER * Math.max(1, workers);
  try {
    for (let first = 0; first < missing.length; first += together) {
      if (signal?.aborted) {
        throw new RoundoffError("INTERRUPTED", {
          what: `copying was interrupted after ${already + first} of ${places.length} pictures`,
          hint: "Run the same command to go on.",
        });
      }
      const faults = await copyAll(pool, missing.slice(first, first + together), options);
      if (faults.length > 0 && index.badImages === "fail") {
        throw new RoundoffError("DATA_CORRUPT", { what: faults[0].reason, hint: SKIP_HINT });
      }
      skipped.push(...faults);
      options.onProgress?.(already + Math.min(first + together, missing.length), places.length);
    }
  } finally {
    await pool.close();
  }
  return { pictures: places.length - (skipped.length - index.skipped.length), already, skipped };
}

/** Says in the folder what its copies are of, once, so that copies of another set or size never come to lie among them. */
async function claim(index: PictureIndex, { out, shorterSide }: CopyOptions): Promise<void> {
  const path = join(out, "copies.json");
  const told = `${JSON.stringify({ of: index.provenance.sha256, shorterSide })}\n`;
  if (!existsSync(path)) return replaceFile(path, told);
  const received = readFileSync(path, "utf8");
  require(received === told, "INVALID_ARGUMENT", () => ({
    what: `"${out}" holds copies of other pictures or of another size`,
    expected: told.trim(),
    received: received.trim(),
    hint: "Name another folder.",
  }));
}

interface Place {
  readonly entry: PictureEntry;
  readonly to: string;
}

async function copyAll(
  pool: RowPool,
  places: readonly Place[],
  { shorterSide }: CopyOptions,
): Promise<SkippedInput[]> {
  const faults = await Promise.all(
    places.map(({ entry: { name, path, member }, to }) => {
      mkdirSync(dirname(to), { recursive: true });
      return pool.prepare({ entry: { name, path, member }, to, shorterSide });
    }),
  );
  return faults.flatMap((reason, i) =>
    reason === undefined ? [] : [{ name: places[i].entry.name, reason }],
  );
}

/** All folders of classes, those without a picture too: labels are places in their list. */
function makeClassFolders(index: PictureIndex, out: string): void {
  const { provenance, classes } = index;
  const names =
    provenance.name === "imagefolder"
      ? foldersIn(join(provenance.path, "train"))
      : Array.from({ length: classes }, (_, label) => labelFolder(index, label));
  try {
    for (const name of names) mkdirSync(join(out, "train", name), { recursive: true });
    mkdirSync(join(out, "val"), { recursive: true });
  } catch (cause) {
    throw unwritable(`cannot make folders in "${out}"`, cause, "Name a folder that can be written.");
  }
}

/** In a folder: its own path, with `.ppm` added, for `1.png` may lie beside `1.jpg`. In archives: by label, archive and member. */
function copyName(index: PictureIndex, { name, label }: PictureEntry, split: "train" | "val"): string {
  const [, ...rest] = name.split("/");
  if (index.provenance.name === "imagefolder") return `${[split, ...rest].join("/")}.ppm`;
  return `${split}/${labelFolder(index, label)}/${rest.join("/")}.ppm`;
}

/** Labels in digits of one length: their order as names is their order as numbers. */
function labelFolder({ classes }: PictureIndex, label: number): string {
  return String(label).padStart(String(classes - 1).length, "0");
}
