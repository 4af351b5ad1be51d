/**
 * Labelled pictures in memory, as bytes: what every image data set becomes and every image loader reads.
 * Knows nothing of files, formats of files, or training.
 */
import { require } from "../base/errors.ts";

/** Pictures of one size with one label each. */
export interface LabelledImages {
  readonly name: string;
  /** Pixels 0…255, [examples, height, width, channels]. */
  readonly images: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [examples], each below `classes`. */
  readonly labels: Uint8Array;
  readonly classes: number;
  /** Hash of the data set that this split belongs to. */
  readonly sha256: string;
}

/** One split of a set, with what a loader needs to normalise and augment it. */
export interface ImageSet extends LabelledImages, PixelStatistics {
  /** Largest shift of a training picture, in pixels; default 2. */
  readonly maxShift?: number;
}

/** Of pixel / 255 over the training split: what a loader normalises with. One number for all channels, or one for each. */
export interface PixelStatistics {
  readonly mean: number | readonly number[];
  readonly std: number | readonly number[];
}

/** Where a set came from, as reports and run records print it. */
export interface Provenance {
  readonly name: string;
  readonly path: string;
  readonly source: string;
  readonly sha256: string;
}

export interface ImageSplits {
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly provenance: Provenance;
}

/** Returns `parts` after checking that counts agree and every label is a class; else DATA_CORRUPT. */
export function labelledImages(parts: LabelledImages): LabelledImages {
  const { name, images, labels, classes } = parts;
  const pixels = parts.height * parts.width * parts.channels;
  require(labels.length > 0 && images.length === labels.length * pixels, "DATA_CORRUPT", () => ({
    what: `the pictures and labels of ${name} do not agree in number`,
    expected: `${pixels} bytes of pixels for each of ${labels.length} labels`,
    received: `${images.length} bytes of pixels`,
  }));
  const wrong = labels.findIndex((label) => label >= classes);
  require(wrong === -1, "DATA_CORRUPT", () => ({
    what: `label ${wrong} of ${name} is not a class`,
    expected: `0 to ${classes - 1}`,
    received: `${labels[wrong]}`,
  }));
  return parts;
}

/**
 * Mean and (population) standard deviation of pixel / 255. From integer sums, which are exact below 2^53, so the
 * result does not depend on the order of the pixels. A set of one grey has std 1, so that normalising stays finite.
 */
export function pixelStatistics(pixels: Uint8Array): { readonly mean: number; readonly std: number } {
  const counts = new Float64Array(256);
  for (const pixel of pixels) counts[pixel]++;
  let sum = 0;
  let squares = 0;
  counts.forEach((count, pixel) => {
    sum += count * pixel;
    squares += count * pixel * pixel;
  });
  const mean = sum / pixels.length;
  const variance = squares / pixels.length - mean * mean;
  return { mean: mean / 255, std: variance > 0 ? Math.sqrt(variance) / 255 : 1 };
}

/** `pixelStatistics` of each of the channels of [..., channels]. */
export function channelStatistics(
  pixels: Uint8Array,
  channels: number,
): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  const found = Array.from({ length: channels }, (_, channel) => {
    const plane = new Uint8Array(pixels.length / channels);
    for (let i = 0; i < plane.length; i++) plane[i] = pixels[i * channels + channel];
    return pixelStatistics(plane);
  });
  return { mean: found.map(({ mean }) => mean), std: found.map(({ std }) => std) };
}
