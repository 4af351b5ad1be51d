/**
 * A decoded picture, and what a file may at most cost. Every reader checks the declared size against the limits before
 * it asks for memory. Knows no file format.
 */
import { RoundoffError } from "../../base/errors.ts";

/** Pixels 0…255, [height, width, 3]. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export interface PictureLimits {
  /** Bytes of the file. */
  readonly maxBytes: number;
  /** Width × height. Decoding takes up to 40 bytes of memory a pixel. */
  readonly maxPixels: number;
}

/** Larger than any picture of ImageNet (its largest has some 40 million pixels). */
export const DEFAULT_LIMITS: PictureLimits = { maxBytes: 64 * 2 ** 20, maxPixels: 2 ** 26 };

/** The error of a picture that cannot be used; `name` says which. */
export function badPicture(name: string, what: string, cause?: unknown): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", { what: `picture ${name} cannot be used: ${what}`, cause });
}

/** Throws DATA_CORRUPT unless a picture of this declared size may be decoded. */
export function checkSize(name: string, width: number, height: number, { maxPixels }: PictureLimits): void {
  if (width === 0 || height === 0) throw badPicture(name, `it is ${width} × ${height} pixels`);
  if (width * height > maxPixels) {
    throw badPicture(name, `it says it has ${width} × ${height} pixels, more than ${maxPixels}`);
  }
}
