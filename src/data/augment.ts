/**
 * One picture from bytes to normalised floats: padded, and for training flipped and shifted. The draws are keyed by
 * (seed, epoch, example), not by the order of work, so a resumed run sees the same pictures.
 * Source of the scheme: He et al. 2016, section 4.2 (pad, random crop, flip), with shifts of up to 2 pixels.
 */
import { randomStream } from "../random/streams.ts";
import type { ImageSet } from "./image-set.ts";

/** How one picture is placed in its padded frame. Shifts are in pixels, towards the bottom and the right. */
export interface Placement {
  readonly flip: boolean;
  readonly shiftY: number;
  readonly shiftX: number;
}

/** No augmentation: the picture in the middle. */
export const CENTRED: Placement = { flip: false, shiftY: 0, shiftX: 0 };

const MAX_SHIFT = 2;

/** The placement of `example` in `epoch`: a flip with probability ½ and shifts of −2…2 pixels on each axis. */
export function drawPlacement(seed: number, epoch: number, example: number): Placement {
  const draws = randomStream({ seed, stream: "augment", step: epoch, id: example });
  const flip = draws.below(2) === 1;
  const shiftY = draws.below(2 * MAX_SHIFT + 1) - MAX_SHIFT;
  const shiftX = draws.below(2 * MAX_SHIFT + 1) - MAX_SHIFT;
  return { flip, shiftY, shiftX };
}

/** (pixel / 255 − mean) / std for each of the 256 pixels, rounded to FP32 once. Entry 0 is the background. */
export function normalisationTable({ mean, std }: Pick<ImageSet, "mean" | "std">): Float32Array {
  return Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean) / std);
}

/**
 * Writes picture `example` into `target` at `offset` as [padTo, padTo, channels]: pixel 0 all around (and where the
 * picture was shifted away from), then normalised by `table`. What is shifted over an edge is cut off.
 */
export function writePicture(
  set: ImageSet,
  example: number,
  placement: Placement,
  frame: {
    readonly target: Float32Array;
    readonly offset: number;
    readonly padTo: number;
    readonly table: Float32Array;
  },
): void {
  const { images, height, width, channels } = set;
  const { target, offset, padTo, table } = frame;
  const { flip } = placement;
  const top = ((padTo - height) >> 1) + placement.shiftY;
  const left = ((padTo - width) >> 1) + placement.shiftX;
  target.fill(table[0], offset, offset + padTo * padTo * channels);
  const firstRow = Math.max(0, -top);
  const lastRow = Math.min(height, padTo - top);
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(width, padTo - left);
  for (let row = firstRow; row < lastRow; row++) {
    const sourceRow = (example * height + row) * width;
    let to = offset + ((top + row) * padTo + left + firstColumn) * channels;
    for (let column = firstColumn; column < lastColumn; column++) {
      const from = (sourceRow + (flip ? width - 1 - column : column)) * channels;
      for (let channel = 0; channel < channels; channel++) target[to++] = table[images[from + channel]];
    }
  }
}
