/** Resampling images to another size, with PyTorch's names and defaults. Images are NHWC. */
import { RoundoffError } from "../../base/errors.ts";
import { pair, type Size2d } from "../../graph/pooling.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Interpolation } from "../../kernels/contract.ts";
import { apply } from "./apply.ts";

export interface InterpolateOptions {
  /** Rows and columns of the result; either this or `scaleFactor`. */
  readonly size?: Size2d;
  /** Output pixels per image pixel; the output's size is rounded down. */
  readonly scaleFactor?: Size2d;
  /** Default: nearest. */
  readonly mode?: Interpolation;
  /** Bilinear only: the corner pixels of image and output are the same place. Default: false. */
  readonly alignCorners?: boolean;
}

/** x[N,H,W,C] → [N,OH,OW,C]. */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { size, scaleFactor, mode = "nearest", alignCorners = false } = options;
  if ((size === undefined) === (scaleFactor === undefined) || (alignCorners && mode !== "bilinear")) {
    throw new RoundoffError("INVALID_ARGUMENT", {
      what: "the options of interpolate contradict each other",
      expected: "either size or scaleFactor, and alignCorners with the mode bilinear only",
      received: JSON.stringify(options),
    });
  }
  const [n, height, width, c] = x.shape;
  const factors = pair(scaleFactor ?? 1);
  const [rows, columns] = size === undefined ? scaled([height, width], factors) : pair(size);
  const scale = (from: number, to: number, factor: number) => {
    if (alignCorners) return to > 1 ? (from - 1) / (to - 1) : 0;
    // A factor is taken at its word, also where the rounded size has another ratio.
    return scaleFactor === undefined ? from / to : 1 / factor;
  };
  return apply("resample2d", [x], {
    interpolation: mode,
    alignCorners,
    scaleH: scale(height, rows, factors[0]),
    scaleW: scale(width, columns, factors[1]),
    shape: [n, rows, columns, c],
  });
}

function scaled(sizes: readonly [number, number], factors: readonly [number, number]): [number, number] {
  return [Math.floor(sizes[0] * factors[0]), Math.floor(sizes[1] * factors[1])];
}
