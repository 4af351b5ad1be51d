/**
 * Convolution layers with PyTorch's names and defaults. Images are NHWC, sequences [N, L, C]. Weights: Conv2d [out, R, S,
 * in/groups], ConvTranspose2d [in, R, S, out/groups], and in one dimension without R; PyTorch has the last axis second.
 */
import { elementCount } from "../../graph/graph.ts";
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
import { kaimingNormalFanOut, type ParameterStart, uniformFanIn } from "../initializers.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** PyTorch's axes of a weight with its channels last, and of one without rows. */
const TORCH_AXES_2D = [0, 3, 1, 2];
const TORCH_AXES_1D = [0, 2, 1];

/** What all of them can be told beside their geometry. */
interface SharedOptions {
  readonly groups?: number;
  readonly bias?: boolean;
  /** Default: PyTorch's. */
  readonly start?: ParameterStart;
}

/**
 * Weight [first, …kernel, second/groups] and bias [outChannels], uniform in ±1/√fanIn unless said otherwise: PyTorch takes the
 * fan-in from all axes of the weight but the first, for transposed convolutions too.
 */
function parameters(
  [first, second, outChannels]: readonly [first: number, second: number, outChannels: number],
  kernel: readonly number[],
  { groups = 1, bias = true, start }: SharedOptions,
): { readonly weight: Parameter; readonly bias?: Parameter } {
  const shape = [first, ...kernel, second / groups];
  const usual = uniformFanIn(elementCount(shape.slice(1)));
  const axes = kernel.length === 2 ? TORCH_AXES_2D : TORCH_AXES_1D;
  const weight = new Parameter(shape, "weight", start?.weight ?? usual, axes);
  return bias ? { weight, bias: new Parameter([outChannels], "bias", start?.bias ?? usual) } : { weight };
}

export interface Conv2dOptions extends Omit<ConvOptions, "padding">, SharedOptions {
  readonly padding?: Padding2d;
  /** Default: PyTorch's; without bias the normal start of ResNets. */
  readonly start?: ParameterStart;
}

/** x[N, H, W, inChannels] → [N, OH, OW, outChannels]. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: Conv2dOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: Conv2dOptions = {}) {
    super();
    const kernel = pair(kernelSize);
    // Before batch norm (no bias) the ResNet initialisation.
    const resnet = { weight: kaimingNormalFanOut(outChannels * elementCount(kernel)) };
    const start = options.start ?? (options.bias === false ? resnet : undefined);
    const made = parameters([outChannels, inChannels, outChannels], kernel, { ...options, start });
    [this.weight, this.bias, this.options] = [made.weight, made.bias, options];
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight.in(x), { ...this.options, bias: this.bias?.in(x) });
  }
}

export interface Conv1dOptions extends Omit<Conv1dFunctionOptions, "bias">, SharedOptions {}

/** x[N, L, inChannels] → [N, OL, outChannels]. */
export class Conv1d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: Conv1dOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super();
    const made = parameters([outChannels, inChannels, outChannels], [kernelSize], options);
    [this.weight, this.bias, this.options] = [made.weight, made.bias, options];
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight.in(x), { ...this.options, bias: this.bias?.in(x) });
  }
}

export interface ConvTranspose2dOptions extends ConvOptions, SharedOptions {
  readonly outputPadding?: Size2d;
}

/** x[N, H, W, inChannels] → [N, OH, OW, outChannels], larger by the stride. */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: ConvTranspose2dOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: ConvTranspose2dOptions = {},
  ) {
    super();
    const made = parameters([inChannels, outChannels, outChannels], pair(kernelSize), options);
    [this.weight, this.bias, this.options] = [made.weight, made.bias, options];
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
  private readonly options: ConvTranspose1dOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvTranspose1dOptions = {},
  ) {
    super();
    const made = parameters([inChannels, outChannels, outChannels], [kernelSize], options);
    [this.weight, this.bias, this.options] = [made.weight, made.bias, options];
  }

  forward(x: Tensor): Tensor {
    return convTranspose1d(x, this.weight.in(x), { ...this.options, bias: this.bias?.in(x) });
  }
}
