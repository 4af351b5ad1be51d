/** Pooling layers with PyTorch's names and defaults. Images are NHWC, sequences [N, L, C]. */
import type { Size2d } from "../../graph/pooling.ts";
import type { AvgPoolOptions, MaxPoolOptions, Tensor } from "../../graph/tensor.ts";
import {
  type AdaptiveSize,
  type AvgPool1dOptions,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  type MaxPool1dOptions,
  maxPool1d,
} from "../functional/pooling.ts";
import { Module } from "../module.ts";

export class MaxPool2d extends Module {
  private readonly options: MaxPoolOptions;

  constructor(kernelSize: Size2d, options: Omit<MaxPoolOptions, "kernelSize"> = {}) {
    super();
    this.options = { kernelSize, ...options };
  }

  forward(x: Tensor): Tensor {
    return x.maxPool2d(this.options);
  }
}

export class AvgPool2d extends Module {
  private readonly options: AvgPoolOptions;

  constructor(kernelSize: Size2d, options: Omit<AvgPoolOptions, "kernelSize"> = {}) {
    super();
    this.options = { kernelSize, ...options };
  }

  forward(x: Tensor): Tensor {
    return x.avgPool2d(this.options);
  }
}

export class MaxPool1d extends Module {
  private readonly options: MaxPool1dOptions;

  constructor(kernelSize: number, options: Omit<MaxPool1dOptions, "kernelSize"> = {}) {
    super();
    this.options = { kernelSize, ...options };
  }

  forward(x: Tensor): Tensor {
    return maxPool1d(x, this.options);
  }
}

export class AvgPool1d extends Module {
  private readonly options: AvgPool1dOptions;

  constructor(kernelSize: number, options: Omit<AvgPool1dOptions, "kernelSize"> = {}) {
    super();
    this.options = { kernelSize, ...options };
  }

  forward(x: Tensor): Tensor {
    return avgPool1d(x, this.options);
  }
}

export class AdaptiveAvgPool2d extends Module {
  private readonly outputSize: AdaptiveSize;

  constructor(outputSize: AdaptiveSize) {
    super();
    this.outputSize = outputSize;
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}

export class AdaptiveMaxPool2d extends Module {
  private readonly outputSize: AdaptiveSize;

  constructor(outputSize: AdaptiveSize) {
    super();
    this.outputSize = outputSize;
  }

  forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.outputSize);
  }
}

export class AdaptiveAvgPool1d extends Module {
  private readonly outputSize: number;

  constructor(outputSize: number) {
    super();
    this.outputSize = outputSize;
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize);
  }
}

export class AdaptiveMaxPool1d extends Module {
  private readonly outputSize: number;

  constructor(outputSize: number) {
    super();
    this.outputSize = outputSize;
  }

  forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.outputSize);
  }
}

/** x[N, H, W, C] → mean over rows and columns, [N, C]. */
export class GlobalAvgPool2d extends Module {
  forward(x: Tensor): Tensor {
    return x.mean({ axes: [1, 2] });
  }
}
