/**
 * The layers of the first models, with PyTorch's names and defaults. Images are NHWC, convolution weights [K, R, S, C],
 * linear weights [out, in].
 */
import { type ConvOptions, type PoolOptions, Tensor } from "../graph/tensor.ts";
import { constant, kaimingNormalFanOut, uniformFanIn } from "./initializers.ts";
import { Module } from "./module.ts";
import { Parameter, StateBuffer } from "./parameter.ts";

/** PyTorch's axes of a convolution weight [K, R, S, C]. */
const KRSC_TO_OIHW = [0, 3, 1, 2];

export interface LinearOptions {
  readonly bias?: boolean;
}

/** x[N, in] → x·weightᵀ + bias, [N, out]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(inFeatures: number, outFeatures: number, { bias = true }: LinearOptions = {}) {
    super();
    this.weight = new Parameter([outFeatures, inFeatures], "weight", uniformFanIn(inFeatures));
    if (bias) this.bias = new Parameter([outFeatures], "bias", uniformFanIn(inFeatures));
  }

  forward(x: Tensor): Tensor {
    const product = x.matmul(this.weight.in(x), { transB: true });
    return this.bias === undefined ? product : product.add(this.bias.in(x));
  }
}

export interface Conv2dOptions extends ConvOptions {
  readonly bias?: boolean;
}

/** x[N, H, W, inChannels] → [N, OH, OW, outChannels]. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  private readonly options: ConvOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv2dOptions = {}) {
    super();
    const { bias = true, groups = 1 } = options;
    const fanIn = (inChannels / groups) * kernelSize * kernelSize;
    const shape = [outChannels, kernelSize, kernelSize, inChannels / groups];
    // Before batch norm (no bias) the ResNet initialisation; otherwise PyTorch's default.
    const initialize = bias
      ? uniformFanIn(fanIn)
      : kaimingNormalFanOut(outChannels * kernelSize * kernelSize);
    this.weight = new Parameter(shape, "weight", initialize, KRSC_TO_OIHW);
    if (bias) this.bias = new Parameter([outChannels], "bias", uniformFanIn(fanIn));
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    const y = x.conv2d(this.weight.in(x), this.options);
    return this.bias === undefined ? y : y.add(this.bias.in(x));
  }
}

export interface BatchNormOptions {
  readonly eps?: number;
  /** Weight of the batch in the running statistics, as in PyTorch. */
  readonly momentum?: number;
}

/** Batch normalisation over all axes but the last. In evaluation it uses the running statistics. */
export class BatchNorm2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly running_mean: StateBuffer;
  readonly running_var: StateBuffer;
  private readonly eps: number;
  private readonly momentum: number;

  constructor(channels: number, { eps = 1e-5, momentum = 0.1 }: BatchNormOptions = {}) {
    super();
    this.weight = new Parameter([channels], "bias", constant(1));
    this.bias = new Parameter([channels], "bias", constant(0));
    this.running_mean = new StateBuffer([channels], 0);
    this.running_var = new StateBuffer([channels], 1);
    this.eps = eps;
    this.momentum = momentum;
  }

  forward(x: Tensor): Tensor {
    return x.graph.training ? this.normalizeByBatch(x) : this.normalizeByRunning(x);
  }

  private normalizeByBatch(x: Tensor): Tensor {
    const { graph } = x;
    const [mean, variance] = [this.running_mean.in(x), this.running_var.in(x)];
    const inputs = [x, this.weight.in(x), this.bias.in(x), mean, variance].map((tensor) => tensor.value);
    const attrs = { eps: this.eps, momentum: this.momentum };
    const [y, , , nextMean, nextVariance] = graph.apply("batchNormTrain", inputs, attrs);
    graph.update(mean.value, nextMean);
    graph.update(variance.value, nextVariance);
    return new Tensor(graph, y);
  }

  /** y = x·scale + offset with per-channel constants. These are statistics: they stay in FP32. */
  private normalizeByRunning(x: Tensor): Tensor {
    const { graph } = x;
    const vector = (op: "mul" | "sub", a: Tensor, b: Tensor) =>
      new Tensor(graph, graph.apply("binary", [a.value, b.value], { kind: op }, ["statistic"])[0]);
    const [shifted] = graph.apply("affine", [this.running_var.in(x).value], { scale: 1, offset: this.eps }, [
      "statistic",
    ]);
    const [invStd] = graph.apply("unary", [shifted], { kind: "rsqrt" }, ["statistic"]);
    const scale = vector("mul", this.weight.in(x), new Tensor(graph, invStd));
    const offset = vector("sub", this.bias.in(x), vector("mul", this.running_mean.in(x), scale));
    const [scaled] = graph.apply("binary", [x.value, scale.value], { kind: "mul" }, ["statistic"]);
    return new Tensor(graph, scaled).add(offset);
  }
}

export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}

export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    return x.flatten();
  }
}

export class MaxPool2d extends Module {
  private readonly options: PoolOptions;

  constructor(kernelSize: number, options: Omit<PoolOptions, "kernelSize"> = {}) {
    super();
    this.options = { kernelSize, ...options };
  }

  forward(x: Tensor): Tensor {
    return x.maxPool2d(this.options);
  }
}

/** x[N, H, W, C] → mean over rows and columns, [N, C]. */
export class GlobalAvgPool2d extends Module {
  forward(x: Tensor): Tensor {
    return x.mean({ axes: [1, 2] });
  }
}

/** Modules in a row; their paths are their positions. */
export class Sequential extends Module {
  constructor(...modules: Module[]) {
    super();
    modules.forEach((module, i) => {
      Object.defineProperty(this, String(i), { value: module, enumerable: true });
    });
  }

  forward(x: Tensor): Tensor {
    const modules = Object.values(this).filter((member): member is Module => member instanceof Module);
    return modules.reduce((y, module) => module.forward(y), x);
  }
}
