/** Normalisation layers that need no batch, with PyTorch's names and defaults. Channels are the last axis. */
import { elementCount } from "../../graph/graph.ts";
import type { Tensor } from "../../graph/tensor.ts";
import {
  groupNorm,
  instanceNorm,
  type LocalResponseNormOptions,
  layerNorm,
  localResponseNorm,
  RMS_NORM_EPS,
  rmsNorm,
} from "../functional/normalization.ts";
import { constant } from "../initializers.ts";
import { Module, Parameter, StateBuffer } from "../module.ts";
import { normalizeBy } from "./batch-norm.ts";

const ones = (shape: readonly number[]) => new Parameter(shape, "bias", constant(1));
const zeros = (shape: readonly number[]) => new Parameter(shape, "bias", constant(0));

export interface LayerNormOptions {
  readonly eps?: number;
  /** False: no weight and no bias. */
  readonly elementwiseAffine?: boolean;
  /** False: a weight without a bias. */
  readonly bias?: boolean;
}

/** Normalises over the trailing axes `normalizedShape`. */
export class LayerNorm extends Module {
  readonly weight?: Parameter;
  readonly bias?: Parameter;
  private readonly normalizedShape: readonly number[];
  private readonly eps: number;

  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    super();
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    this.normalizedShape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
    this.eps = eps;
    if (elementwiseAffine) this.weight = ones(this.normalizedShape);
    if (elementwiseAffine && bias) this.bias = zeros(this.normalizedShape);
  }

  /** Elements that are normalised together. */
  get size(): number {
    return elementCount(this.normalizedShape);
  }

  forward(x: Tensor): Tensor {
    const { eps } = this;
    return layerNorm(x, this.normalizedShape, { eps, weight: this.weight?.in(x), bias: this.bias?.in(x) });
  }
}

/** x / √(mean of x² + eps) · weight over the trailing axes `normalizedShape`. */
export class RMSNorm extends Module {
  readonly weight?: Parameter;
  private readonly normalizedShape: readonly number[];
  private readonly eps: number;

  constructor(normalizedShape: number | readonly number[], options: Omit<LayerNormOptions, "bias"> = {}) {
    super();
    const { eps = RMS_NORM_EPS, elementwiseAffine = true } = options;
    this.normalizedShape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
    this.eps = eps;
    if (elementwiseAffine) this.weight = ones(this.normalizedShape);
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, { eps: this.eps, weight: this.weight?.in(x) });
  }
}

export interface GroupNormOptions {
  readonly eps?: number;
  readonly affine?: boolean;
}

/** Normalises x[N, …, C] over its positions and each of `groups` groups of channels. */
export class GroupNorm extends Module {
  readonly weight?: Parameter;
  readonly bias?: Parameter;
  private readonly groups: number;
  private readonly eps: number;

  constructor(groups: number, channels: number, { eps = 1e-5, affine = true }: GroupNormOptions = {}) {
    super();
    this.groups = groups;
    this.eps = eps;
    if (affine) this.weight = ones([channels]);
    if (affine) this.bias = zeros([channels]);
  }

  forward(x: Tensor): Tensor {
    const { eps } = this;
    return groupNorm(x, this.groups, { eps, weight: this.weight?.in(x), bias: this.bias?.in(x) });
  }
}

export interface InstanceNormOptions extends GroupNormOptions {
  /** True: running statistics, the mean of all images', which evaluation uses. */
  readonly trackRunningStats?: boolean;
  /** Weight of a batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
}

/** Normalises every channel of every image of x[N, H, W, C] by itself, in training and evaluation alike. */
export class InstanceNorm2d extends Module {
  readonly weight?: Parameter;
  readonly bias?: Parameter;
  readonly running_mean?: StateBuffer;
  readonly running_var?: StateBuffer;
  private readonly eps: number;
  private readonly momentum: number;

  constructor(channels: number, options: InstanceNormOptions = {}) {
    super();
    const { eps = 1e-5, affine = false, trackRunningStats = false, momentum = 0.1 } = options;
    this.eps = eps;
    this.momentum = momentum;
    if (affine) this.weight = ones([channels]);
    if (affine) this.bias = zeros([channels]);
    if (!trackRunningStats) return;
    this.running_mean = new StateBuffer([channels], 0);
    this.running_var = new StateBuffer([channels], 1);
  }

  forward(x: Tensor): Tensor {
    const { eps } = this;
    const [weight, bias] = [this.weight?.in(x), this.bias?.in(x)];
    const running = [this.running_mean?.in(x), this.running_var?.in(x)];
    const [mean, variance] = running;
    if (mean === undefined || variance === undefined) return instanceNorm(x, { eps, weight, bias });
    if (!x.graph.training) return normalizeBy(x, { mean, variance, eps, weight, bias });
    const axes = x.shape.slice(1, -1).map((_, i) => i + 1);
    // Of each image by itself, then the mean over the images; the variance is the unbiased one, as in PyTorch.
    x.graph.withRole("statistic", () => {
      const found = [x.mean({ axes }), x.variance({ axes })].map((one) => one.mean({ axes: [0] }));
      [mean, variance].forEach((old, i) => {
        const next = old.affine(1 - this.momentum).add(found[i].affine(this.momentum));
        x.graph.update(old.value, next.value);
      });
    });
    return instanceNorm(x, { eps, weight, bias });
  }
}

/** x / (k + alpha/size · Σ x²)^beta over `size` neighbouring channels. */
export class LocalResponseNorm extends Module {
  private readonly size: number;
  private readonly options: LocalResponseNormOptions;

  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    this.size = size;
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.options);
  }
}
