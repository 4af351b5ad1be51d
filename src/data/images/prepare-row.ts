/**
 * What a worker does with one picture: read the file, decode it, and write it as a row of a batch or as a smaller copy on the disk. A
 * function of its job alone, so it makes no difference which worker does it, or when. What is wrong with a picture is an answer, not
 * an exception.
 */
import { renameSync, writeFileSync } from "node:fs";
import { RoundoffError } from "../../base/errors.ts";
import { unwritable } from "../../base/unwritable.ts";
import { type Codecs, decodePicture } from "./decode-picture.ts";
import { badPicture, DEFAULT_LIMITS, type Picture } from "./picture.ts";
import type { PictureEntry } from "./picture-index.ts";
import { sizeByShorterSide, type View, writeView } from "./picture-view.ts";
import { encodePpm } from "./ppm.ts";
import { RandomAccessFile } from "./random-access-file.ts";
import { resample } from "./resample.ts";

export interface RowJob {
  readonly entry: Pick<PictureEntry, "name" | "path" | "member">;
  readonly view: View;
  /** The batch that the row is part of, as 32-bit floats, and the row's first element in it. */
  readonly target: SharedArrayBuffer;
  readonly offset: number;
  /** Rows and columns. */
  readonly size: number;
}

/** The picture as a PPM file. */
export interface CopyJob {
  readonly entry: RowJob["entry"];
  readonly to: string;
  /** Pixels that the shorter side shall have at most. */
  readonly shorterSide: number;
}

export type PictureJob = RowJob | CopyJob;

/** Why a picture cannot be used; undefined: the row is written. */
export type RowFault = string | undefined;

/** Errors of one picture; any other (a package that is not installed) concerns all of them and is thrown. */
const PICTURE_ERRORS: readonly string[] = ["DATA_CORRUPT", "FILE_UNREADABLE"];

export function prepareRow(job: PictureJob, codecs: Codecs): RowFault {
  try {
    const picture = decodePicture(readEntry(job.entry), job.entry.name, { codecs });
    if ("to" in job) writeCopy(picture, job);
    else writeView(picture, job.view, { ...job, target: new Float32Array(job.target) });
    return undefined;
  } catch (error) {
    if (error instanceof RoundoffError && PICTURE_ERRORS.includes(error.code)) return error.message;
    throw error;
  }
}

/** A reader sees a whole file or none. */
function writeCopy(picture: Picture, { to, shorterSide }: CopyJob): void {
  const { width, height } = picture;
  const size = sizeByShorterSide(picture, shorterSide);
  const from = { left: 0, top: 0, width, height };
  const copy =
    Math.min(width, height) <= shorterSide ? picture : { ...size, rgb: resample(picture, from, { size }) };
  try {
    writeFileSync(`${to}.partial`, encodePpm(copy));
    renameSync(`${to}.partial`, to);
  } catch (cause) {
    throw unwritable(`cannot write "${to}"`, cause, "Check that the folder is writable and has room.");
  }
}

/** The bytes of a picture's file. Throws FILE_UNREADABLE, or DATA_CORRUPT for one that is too large. */
export function readEntry({ name, path, member }: RowJob["entry"]): Uint8Array {
  const file = new RandomAccessFile(path);
  try {
    const { offset, bytes } = member ?? { offset: 0, bytes: file.bytes };
    if (bytes > DEFAULT_LIMITS.maxBytes) {
      throw badPicture(name, `it has ${bytes} bytes, more than ${DEFAULT_LIMITS.maxBytes}`);
    }
    return file.read(offset, bytes);
  } finally {
    file.close();
  }
}
