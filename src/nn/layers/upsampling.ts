/** Layers that make images larger (or smaller) without parameters. Images are NHWC. */
import type { Tensor } from "../../graph/tensor.ts";
import { type InterpolateOptions, interpolate } from "../functional/interpolate.ts";
import { Module } from "../module.ts";

/** x[N, H, W, C] → [N, OH, OW, C]. */
export class Upsample extends Module {
  private readonly options: InterpolateOptions;

  constructor(options: InterpolateOptions) {
    super();
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }
}
