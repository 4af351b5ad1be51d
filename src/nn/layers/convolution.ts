/**
 * Convolution layers with PyTorch's names and defaults. Images are NHWC, sequences [N, L, C]. Weights: Conv2d [out, R, S,
 * in/groups], ConvTranspose2d [in, R, S, out/groups], and in one dimension without R; PyTorch has the last axis second.
 */
import { pair, type Size2d } from "../../graph/pooling.ts";
import type { ConvOptions, Tensor } from "../../graph/tensor.ts";
import {
  type Conv1dOptions as Conv1dFunctionOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  type Padding2d,
} from "../functional/convolution.ts";
import { type Initializer, kaimingNormalFanOut, type ParameterStart, uniformFanIn } from "../initializers.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** PyTorch's axes of a weight with its channels last, and of one without rows. */
const TORCH_AXES_2D = [0, 3, 1, 2];
const TORCH_AXES_1D = [0, 2, 1];

export interface Conv2dOptions extends Omit<ConvOptions, "padding"> {
  readonly bias?: boolean;
  readonly padding?: Padding2d;
  /** Default: PyTorch's; without bias the normal start of ResNets. */
  readonly start?: ParameterStart;
}

/** x[N, H, W, inChannels] → [N, OH, OW, outChannels]. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: Omit<Conv2dOptions, "bias" | "start">;

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: Conv2dOptions = {}) {
    super();
    const { bias = true, groups = 1, start, ...spatial } = options;
    const [rows, columns] = pair(kernelSize);
    const fanIn = (inChannels / groups) * rows * columns;
    // Before batch norm (no bias) the ResNet initialisation; otherwise PyTorch's default.
    const initialize = bias ? uniformFanIn(fanIn) : kaimingNormalFanOut(outChannels * rows * columns);
    this.weight = new Parameter(
      [outChannels, rows, columns, inChannels / groups],
      "weight",
      start?.weight ?? initialize,
      TORCH_AXES_2D,
    );
    if (bias) this.bias = new Parameter([outChannels], "bias", start?.bias ?? uniformFanIn(fanIn));
    this.options = { ...spatial, groups };
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight.in(x), { ...this.options, bias: this.bias?.in(x) });
  }
}

export interface Conv1dOptions extends Omit<Conv1dFunctionOptions, "bias"> {
  readonly bias?: boolean;
}

/** x[N, L, inChannels] → [N, OL, outChannels]. */
export class Conv1d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: Omit<Conv1dOptions, "bias">;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super();
    const { bias = true, groups = 1, ...spatial } = options;
    const initialize = uniformFanIn((inChannels / groups) * kernelSize);
    this.weight = new Parameter(
      [outChannels, kernelSize, inChannels / groups],
      "weight",
      initialize,
      TORCH_AXES_1D,
    );
    if (bias) this.bias = new Parameter([outChannels], "bias", initialize);
    this.options = { ...spatial, groups };
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight.in(x), { ...this.options, bias: this.bias?.in(x) });
  }
}

export interface ConvTranspose2dOptions extends ConvOptions {
  readonly bias?: boolean;
  readonly outputPadding?: Size2d;
}

/** PyTorch takes the fan-in of a transposed convolution from its weight's second axis, the output channels. */
function transposedInitializer(outChannels: number, groups: number, taps: number): Initializer {
  return uniformFanIn((outChannels / groups) * taps);
}

/** x[N, H, W, inChannels] → [N, OH, OW, outChannels], larger by the stride. */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: Omit<ConvTranspose2dOptions, "bias">;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: ConvTranspose2dOptions = {},
  ) {
    super();
    const { bias = true, groups = 1, ...spatial } = options;
    const [rows, columns] = pair(kernelSize);
    const initialize = transposedInitializer(outChannels, groups, rows * columns);
    this.weight = new Parameter(
      [inChannels, rows, columns, outChannels / groups],
      "weight",
      initialize,
      TORCH_AXES_2D,
    );
    if (bias) this.bias = new Parameter([outChannels], "bias", initialize);
    this.options = { ...spatial, groups };
  }

  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight.in(x), { ...this.options, bias: this.bias?.in(x) });
  }
}

export interface ConvTranspose1dOptions extends Omit<Conv1dOptions, "padding"> {
  readonly padding?: number;
  readonly outputPadding?: number;
}

/** x[N, L, inChannels] → [N, OL, outChannels]. */
export class ConvTranspose1d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: Omit<ConvTranspose1dOptions, "bias">;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvTranspose1dOptions = {},
  ) {
    super();
    const { bias = true, groups = 1, ...spatial } = options;
    const initialize = transposedInitializer(outChannels, groups, kernelSize);
    this.weight = new Parameter(
      [inChannels, kernelSize, outChannels / groups],
      "weight",
      initialize,
      TORCH_AXES_1D,
    );
    if (bias) this.bias = new Parameter([outChannels], "bias", initialize);
    this.options = { ...spatial, groups };
  }

  forward(x: Tensor): Tensor {
    return convTranspose1d(x, this.weight.in(x), { ...this.options, bias: this.bias?.in(x) });
  }
}
