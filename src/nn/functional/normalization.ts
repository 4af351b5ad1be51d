/**
 * Normalisations by statistics of each example itself, with PyTorch's names and defaults. Channels are the last axis. All
 * of them but local response norm are the one fused primitive `groupNorm`.
 */

import { RoundoffError } from "../../base/errors.ts";
import { elementCount, formatShape } from "../../graph/graph.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { apply, filled } from "./apply.ts";

export interface AffineOptions {
  /** Default: all ones. */
  readonly weight?: Tensor;
  /** Default: all zeros. */
  readonly bias?: Tensor;
  readonly eps?: number;
}

/** The usual eps, as PyTorch's. */
export const NORM_EPS = 1e-5;

/** What RMS norm adds when nobody says: the distance from 1 to the next FP32 number, as PyTorch's for float32. */
export const RMS_NORM_EPS = 2 ** -23;

interface GroupedOptions extends AffineOptions {
  readonly groups: number;
  readonly centered: boolean;
}

function normalize(x: Tensor, { weight, bias, eps = NORM_EPS, groups, centered }: GroupedOptions): Tensor {
  const channels = x.shape.slice(-1);
  const scale = weight ?? filled(x, channels, 1);
  return apply("groupNorm", [x, scale, bias ?? filled(x, channels, 0)], { groups, eps, centered });
}

/** Normalises x[N,…,C] over its positions and each of `groups` groups of channels. weight, bias: [C]. */
export function groupNorm(x: Tensor, groups: number, options: AffineOptions = {}): Tensor {
  return normalize(x, { ...options, groups, centered: true });
}

/** Normalises every channel of every image of x[N,…,C] by itself. weight, bias: [C]. */
export function instanceNorm(x: Tensor, options: AffineOptions = {}): Tensor {
  return groupNorm(x, x.shape[x.shape.length - 1], options);
}

/** Normalises over the trailing axes `normalizedShape`, which weight and bias have as their shape. */
export function layerNorm(
  x: Tensor,
  normalizedShape: readonly number[],
  options: AffineOptions = {},
): Tensor {
  return overTrailingAxes(x, normalizedShape, { ...options, groups: 1, centered: true });
}

/** x / √(mean of x² + eps) · weight over the trailing axes `normalizedShape`. */
export function rmsNorm(
  x: Tensor,
  normalizedShape: readonly number[],
  { weight, eps = RMS_NORM_EPS }: Omit<AffineOptions, "bias"> = {},
): Tensor {
  return overTrailingAxes(x, normalizedShape, { weight, eps, groups: 1, centered: false });
}

/** As rows [M, D]: the primitive's statistics are then those of each row. */
function overTrailingAxes(x: Tensor, normalizedShape: readonly number[], options: GroupedOptions): Tensor {
  const trailing = x.shape.slice(-normalizedShape.length);
  const fits = normalizedShape.length > 0 && trailing.every((size, i) => size === normalizedShape[i]);
  if (!fits || trailing.length !== normalizedShape.length) {
    throw new RoundoffError("SHAPE_MISMATCH", {
      what: "the trailing axes of the input are not those that are normalised",
      expected: `[…, ${normalizedShape.join(", ")}]`,
      received: formatShape(x.shape),
    });
  }
  const size = elementCount(normalizedShape);
  const rows = elementCount(x.shape) / size;
  const vector = (parameter?: Tensor) =>
    parameter === undefined || parameter.shape.length === 1 ? parameter : parameter.reshape([size]);
  const flat = { ...options, weight: vector(options.weight), bias: vector(options.bias) };
  return normalize(x.reshape([rows, size]), flat).reshape(x.shape);
}

export interface LocalResponseNormOptions {
  readonly alpha?: number;
  readonly beta?: number;
  readonly k?: number;
}

/** x / (k + alpha/size · Σ x²)^beta, the sum over `size` neighbouring channels of x[…,C]. */
export function localResponseNorm(
  x: Tensor,
  size: number,
  { alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseNormOptions = {},
): Tensor {
  return apply("localResponseNorm", [x], { size, alpha, beta, k });
}
