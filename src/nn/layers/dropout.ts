/** Dropout layers: the identity in evaluation mode. Their masks depend on seed, step and place only. */
import type { Tensor } from "../../graph/tensor.ts";
import { channelDropout, dropout } from "../functional/dropout.ts";
import { Module } from "../module.ts";

/** Sets elements to zero with probability `rate`. */
export class Dropout extends Module {
  private readonly rate: number;

  constructor(rate = 0.5) {
    super();
    this.rate = rate;
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.rate);
  }
}

/** Sets whole channels of x[N, H, W, C] to zero with probability `rate`. */
export class Dropout2d extends Module {
  private readonly rate: number;

  constructor(rate = 0.5) {
    super();
    this.rate = rate;
  }

  forward(x: Tensor): Tensor {
    return channelDropout(x, this.rate);
  }
}
