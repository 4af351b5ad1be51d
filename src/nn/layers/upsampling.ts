/** Layers that make images larger (or smaller) without parameters. Images are NHWC. */
import type { Tensor } from "../../graph/tensor.ts";
import { type InterpolateOptions, interpolate } from "../functional/interpolate.ts";
import { pixelShuffle, pixelUnshuffle } from "../functional/joining.ts";
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

/** x[N, H, W, C·r²] → [N, H·r, W·r, C]. */
export class PixelShuffle extends Module {
  private readonly upscaleFactor: number;

  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = upscaleFactor;
  }

  forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }
}

/** x[N, H·r, W·r, C] → [N, H, W, C·r²]. */
export class PixelUnshuffle extends Module {
  private readonly downscaleFactor: number;

  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = downscaleFactor;
  }

  forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }
}
