/**
 * One row of a batch: read the file, decode it, place it, normalise it. A function of its job alone, so it makes no difference
 * which worker does it, or when. What is wrong with a picture is an answer, not an exception.
 */
import { RoundoffError } from "../../base/errors.ts";
import { type Codecs, decodePicture } from "./decode-picture.ts";
import { badPicture, DEFAULT_LIMITS } from "./picture.ts";
import type { PictureEntry } from "./picture-index.ts";
import { type View, writeView } from "./picture-view.ts";
import { RandomAccessFile } from "./random-access-file.ts";

export interface RowJob {
  readonly entry: Pick<PictureEntry, "name" | "path" | "member">;
  readonly view: View;
  /** The batch that the row is part of, as 32-bit floats, and the row's first element in it. */
  readonly target: SharedArrayBuffer;
  readonly offset: number;
  /** Rows and columns. */
  readonly size: number;
}

/** Why a picture cannot be used; undefined: the row is written. */
export type RowFault = string | undefined;

/** Errors of one picture; any other (a package that is not installed) concerns all of them and is thrown. */
const PICTURE_ERRORS: readonly string[] = ["DATA_CORRUPT", "FILE_UNREADABLE"];

export function prepareRow({ entry, view, target, offset, size }: RowJob, codecs: Codecs): RowFault {
  try {
    const picture = decodePicture(readEntry(entry), entry.name, { codecs });
    writeView(picture, view, { target: new Float32Array(target), offset, size });
    return undefined;
  } catch (error) {
    if (error instanceof RoundoffError && PICTURE_ERRORS.includes(error.code)) return error.message;
    throw error;
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
