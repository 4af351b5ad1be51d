/**
 * One picture from bytes to normalised floats: padded, and for training flipped and shifted. The draws are keyed by
 * (seed, epoch, example), not by the order of work, so a resumed run sees the same pictures.
 * Source of the scheme: He et al. 2016, section 4.2 (pad, random crop, flip), with shifts of up to 2 pixels
 * (4 as there, where a set says so).
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

/** The placement of `example` in `epoch`: a flip with probability ½ and shifts of −maxShift…maxShift pixels on each axis. */
export function drawPlacement(seed: number, epoch: number, example: number, maxShift = 2): Placement {
  const draws = randomStream({ seed, stream: "augment", step: epoch, id: example });
  const flip = draws.below(2) === 1;
  const shiftY = draws.below(2 * maxShift + 1) - maxShift;
  const shiftX = draws.below(2 * maxShift + 1) - maxShift;
  return { flip, shiftY, shiftX };
}

/**
 * (pixel / 255 − mean) / std for each of the 256 pixels, rounded to FP32 once: [channels, 256]. Entry 0 of a channel is its
 * background.
 */
export function normalisationTable({
  mean,
  std,
  channels,
}: Pick<ImageSet, "mean" | "std" | "channels">): Float32Array {
  const of = (value: number | readonly number[], channel: number) =>
    typeof value === "number" ? value : value[channel];
  return Float32Array.from({ length: 256 * channels }, (_, i) => {
    const channel = i >> 8;
    return ((i & 255) / 255 - of(mean, channel)) / of(std, channel);
  });
}

/** Fills [..., channels] with pixel 0. */
export function fillBackground(target: Float32Array, table: Float32Array): void {
  const channels = table.length >> 8;
  for (let channel = 0; channel < channels; channel++) {
    const value = table[channel << 8];
    if (channels === 1) target.fill(value);
    else for (let i = channel; i < target.length; i += channels) target[i] = value;
  }
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
  fillBackground(target.subarray(offset, offset + padTo * padTo * channels), table);
  const firstRow = Math.max(0, -top);
  const lastRow = Math.min(height, padTo - top);
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(width, padTo - left);
  for (let row = firstRow; row < lastRow; row++) {
    const sourceRow = (example * height + row) * width;
    let to = offset + ((top + row) * padTo + left + firstColumn) * channels;
    for (let column = firstColumn; column < lastColumn; column++) {
      const from = (sourceRow + (flip ? width - 1 - column : column)) * channels;
      for (let channel = 0; channel < channels; channel++)
        target[to++] = table[(channel << 8) | images[from + channel]];
    }
  }
}
