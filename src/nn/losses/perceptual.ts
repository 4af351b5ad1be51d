/**
 * Perceptual loss: distance of two pictures in the features of a given network. Sources: Johnson et al. 2016, Ledig et al.
 * 2017 (SRGAN). The network is any function; keep its parameters out of the optimizer.
 */
import type { Tensor } from "../../graph/tensor.ts";
import { l1Loss, mseLoss } from "./pointwise.ts";
import { inFp32 } from "./reduction.ts";

export interface PerceptualOptions {
  /** Factor of each layer's distance; default 1. */
  readonly weights?: readonly number[];
  /** Default `mse`. */
  readonly distance?: "mse" | "l1";
}

/** Σ weight · mean distance over the feature maps that `features` gives for both. */
export function perceptualLoss(
  x: Tensor,
  target: Tensor,
  features: (picture: Tensor) => Tensor | readonly Tensor[],
  { weights = [], distance = "mse" }: PerceptualOptions = {},
): Tensor {
  const measure = distance === "mse" ? mseLoss : l1Loss;
  const [ours, theirs] = [x, target].map((picture) => [features(picture)].flat());
  return inFp32(x, () =>
    ours
      .map((map, i) => measure(map, theirs[i]).affine(weights[i] ?? 1))
      .reduce((sum, part) => sum.add(part)),
  );
}
