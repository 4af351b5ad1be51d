/** Reference resampling of NHWC images and its gradient. Places in FP64, sums in FP64, one rounding. Meaning: contract.ts. */
import type { ResampleAttrs } from "../contract.ts";
import type { ReferenceKernel } from "./tensor.ts";

/** What one output row (or column) reads: two rows of the image and their weights. */
interface Place {
  readonly indices: readonly [number, number];
  readonly weights: readonly [number, number];
}

/** x[NHWC] → y[N,OH,OW,C]. */
export const resample2d: ReferenceKernel<"resample2d"> = ([x], [y], attrs, { round }) => {
  const sums = new Float64Array(y.data.length);
  forEachRead(x.shape, y.shape, attrs, round, (from, to, weight) => {
    for (let c = 0; c < x.shape[3]; c++) sums[to + c] += weight * x.data[from + c];
  });
  y.data.set(sums);
};

/** gy[N,OH,OW,C] → gx[NHWC]. */
export const resample2dGrad: ReferenceKernel<"resample2dGrad"> = ([gy], [gx], attrs, { round }) => {
  const sums = new Float64Array(gx.data.length);
  forEachRead(gx.shape, gy.shape, attrs, round, (to, from, weight) => {
    for (let c = 0; c < gx.shape[3]; c++) sums[to + c] += weight * gy.data[from + c];
  });
  gx.data.set(sums);
};

/** Calls `visit` with the offsets of an image pixel and of an output pixel that reads it, and the weight. */
function forEachRead(
  [batch, height, width, channels]: readonly number[],
  [, outHeight, outWidth]: readonly number[],
  attrs: ResampleAttrs,
  round: (x: number) => number,
  visit: (image: number, output: number, weight: number) => void,
): void {
  const rows = Array.from({ length: outHeight }, (_, o) => placeOf(o, height, attrs.scaleH, attrs, round));
  const columns = Array.from({ length: outWidth }, (_, o) => placeOf(o, width, attrs.scaleW, attrs, round));
  for (let n = 0; n < batch; n++) {
    rows.forEach((row, oh) => {
      columns.forEach((column, ow) => {
        const output = ((n * outHeight + oh) * outWidth + ow) * channels;
        row.indices.forEach((h, i) => {
          column.indices.forEach((w, j) => {
            const weight = row.weights[i] * column.weights[j];
            // A pixel that is not read must not turn 0 · Inf into NaN.
            if (weight !== 0) visit(((n * height + h) * width + w) * channels, output, weight);
          });
        });
      });
    });
  }
}

function placeOf(
  o: number,
  size: number,
  scale: number,
  { interpolation, alignCorners }: ResampleAttrs,
  round: (x: number) => number,
): Place {
  if (interpolation !== "bilinear") {
    const place = (interpolation === "nearest" ? o : o + 0.5) * scale;
    const index = Math.min(Math.floor(place), size - 1);
    return { indices: [index, index], weights: [1, 0] };
  }
  const place = alignCorners ? o * scale : Math.max(0, (o + 0.5) * scale - 0.5);
  const low = Math.min(Math.floor(place), size - 1);
  const weight = round(Math.min(place - low, 1));
  return { indices: [low, Math.min(low + 1, size - 1)], weights: [round(1 - weight), weight] };
}
