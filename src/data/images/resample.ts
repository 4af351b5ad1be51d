/**
 * Bilinear resizing with antialiasing: where a picture shrinks, the triangle widens with it. To the bit what
 * `crop(box).resize(size, BILINEAR)` of Pillow gives (coefficients in 22-bit fixed point, columns before rows, 8 bits between them;
 * from version 13 on Pillow does the rows first where the height shrinks much more); bench/peers/resample_goldens.py. Knows no file formats and draws nothing.
 */
import type { Picture } from "./picture.ts";

/** A rectangle of whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const PRECISION_BITS = 22;

/** For every output pixel: the first input pixel, and the weights from there on. */
interface Taps {
  readonly first: Int32Array;
  readonly counts: Int32Array;
  /** [outputs, stride]. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Resizes the part `from` of a picture to `size`, and of that computes the window `part` only (default: all of it).
 * Returns [part.height, part.width, 3].
 */
export function resample(
  { width, rgb }: Picture,
  from: Box,
  { size, part = { left: 0, top: 0, ...size } }: { size: { width: number; height: number }; part?: Box },
): Uint8Array {
  const columns = taps(from.width, size.width, part.left, part.width);
  const rows = taps(from.height, size.height, part.top, part.height);
  const firstRow = rows.first[0];
  const lastRow = rows.first[part.height - 1] + rows.counts[part.height - 1];
  const half = 1 << (PRECISION_BITS - 1);
  // [rows that matter, part.width, 3]
  const between = new Uint8Array((lastRow - firstRow) * part.width * 3);
  let to = 0;
  for (let row = firstRow; row < lastRow; row++) {
    const rowStart = 3 * ((from.top + row) * width + from.left);
    for (let column = 0; column < part.width; column++) {
      let at = rowStart + 3 * columns.first[column];
      let red = half;
      let green = half;
      let blue = half;
      const begin = column * columns.stride;
      const end = begin + columns.counts[column];
      for (let tap = begin; tap < end; tap++) {
        const weight = columns.weights[tap];
        red += weight * rgb[at];
        green += weight * rgb[at + 1];
        blue += weight * rgb[at + 2];
        at += 3;
      }
      between[to++] = red >> PRECISION_BITS;
      between[to++] = green >> PRECISION_BITS;
      between[to++] = blue >> PRECISION_BITS;
    }
  }
  const result = new Uint8Array(part.height * part.width * 3);
  const rowElements = 3 * part.width;
  for (let row = 0; row < part.height; row++) {
    const start = (rows.first[row] - firstRow) * rowElements;
    const begin = row * rows.stride;
    for (let element = 0; element < rowElements; element++) {
      let sum = half;
      let at = start + element;
      for (let tap = 0; tap < rows.counts[row]; tap++) {
        sum += rows.weights[begin + tap] * between[at];
        at += rowElements;
      }
      result[row * rowElements + element] = sum >> PRECISION_BITS;
    }
  }
  return result;
}

/** The taps of outputs `from` … `from + count − 1` of `outputs` over `inputs` pixels. */
function taps(inputs: number, outputs: number, from: number, count: number): Taps {
  const scale = inputs / outputs;
  const support = Math.max(scale, 1);
  const perPixel = 1 / support;
  const stride = 2 * Math.ceil(support) + 1;
  const first = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  for (let output = 0; output < count; output++) {
    const centre = (from + output + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inputs, Math.trunc(centre + support + 0.5));
    const triangle = Array.from({ length: end - begin }, (_, tap) =>
      Math.max(0, 1 - Math.abs((begin + tap - centre + 0.5) * perPixel)),
    );
    const total = triangle.reduce((sum, weight) => sum + weight, 0);
    first[output] = begin;
    counts[output] = end - begin;
    // All weights are positive: adding a half and cutting off rounds them to nearest.
    triangle.forEach((weight, tap) => {
      weights[output * stride + tap] = Math.trunc(0.5 + (weight / total) * 2 ** PRECISION_BITS);
    });
  }
  return { first, counts, weights, stride };
}
