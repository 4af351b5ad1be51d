/** Activation functions as layers, with PyTorch's names and defaults. Axes count in Roundoff's order: channels are last. */
import type { Tensor } from "../../graph/tensor.ts";
import { prelu } from "../functional/activations.ts";
import { constant } from "../initializers.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}

export class ReLU6 extends Module {
  forward(x: Tensor): Tensor {
    return x.relu6();
  }
}

export class LeakyReLU extends Module {
  private readonly negativeSlope: number;

  constructor(negativeSlope = 0.01) {
    super();
    this.negativeSlope = negativeSlope;
  }

  forward(x: Tensor): Tensor {
    return x.leakyRelu(this.negativeSlope);
  }
}

/** x where it is positive, weight·x elsewhere: one weight, or one per channel. */
export class PReLU extends Module {
  readonly weight: Parameter;

  constructor(numParameters = 1, init = 0.25) {
    super();
    this.weight = new Parameter([numParameters], "bias", constant(init));
  }

  forward(x: Tensor): Tensor {
    return prelu(x, this.weight.in(x));
  }
}

export class ELU extends Module {
  private readonly alpha: number;

  constructor(alpha = 1) {
    super();
    this.alpha = alpha;
  }

  forward(x: Tensor): Tensor {
    return x.elu(this.alpha);
  }
}

export class SELU extends Module {
  forward(x: Tensor): Tensor {
    return x.selu();
  }
}

export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return x.silu();
  }
}

export class Mish extends Module {
  forward(x: Tensor): Tensor {
    return x.mish();
  }
}

export interface GeluOptions {
  /** `tanh`: the approximation of the first Transformers. Default: exact. */
  readonly approximate?: "none" | "tanh";
}

export class GELU extends Module {
  private readonly options: GeluOptions;

  constructor(options: GeluOptions = {}) {
    super();
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return x.gelu(this.options);
  }
}

export class Hardtanh extends Module {
  private readonly min: number;
  private readonly max: number;

  constructor(min = -1, max = 1) {
    super();
    this.min = min;
    this.max = max;
  }

  forward(x: Tensor): Tensor {
    return x.hardtanh(this.min, this.max);
  }
}

export class Hardsigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.hardsigmoid();
  }
}

export class Hardswish extends Module {
  forward(x: Tensor): Tensor {
    return x.hardswish();
  }
}

export interface SoftplusOptions {
  readonly beta?: number;
  /** Where beta · x is larger, the function is x itself. */
  readonly threshold?: number;
}

export class Softplus extends Module {
  private readonly options: SoftplusOptions;

  constructor(options: SoftplusOptions = {}) {
    super();
    this.options = options;
  }

  forward(x: Tensor): Tensor {
    return x.softplus(this.options);
  }
}

export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

export class Softmax extends Module {
  private readonly dim: number;

  constructor(dim = -1) {
    super();
    this.dim = dim;
  }

  forward(x: Tensor): Tensor {
    return x.softmax(this.dim);
  }
}

export class LogSoftmax extends Module {
  private readonly dim: number;

  constructor(dim = -1) {
    super();
    this.dim = dim;
  }

  forward(x: Tensor): Tensor {
    return x.logSoftmax(this.dim);
  }
}
