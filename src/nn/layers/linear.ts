/** Fully connected layers. Weights are [out, in], as PyTorch's. */
import type { Tensor } from "../../graph/tensor.ts";
import { type Initializer, uniformFanIn } from "../initializers.ts";
import { Module, Parameter } from "../module.ts";

export interface LinearOptions {
  readonly bias?: boolean;
  /** Default: uniform in ±1/√in, as the weights. */
  readonly initializeBias?: Initializer;
}

/** x[N, in] → x·weightᵀ + bias, [N, out]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    const { bias = true, initializeBias = uniformFanIn(inFeatures) } = options;
    this.weight = new Parameter([outFeatures, inFeatures], "weight", uniformFanIn(inFeatures));
    if (bias) this.bias = new Parameter([outFeatures], "bias", initializeBias);
  }

  forward(x: Tensor): Tensor {
    const product = x.matmul(this.weight.in(x), { transB: true });
    return this.bias === undefined ? product : product.add(this.bias.in(x));
  }
}
