/** Fully connected layers. Weights are [out, in], as PyTorch's. */
import type { Tensor } from "../../graph/tensor.ts";
import { type ParameterStart, uniformFanIn } from "../initializers.ts";
import { Module, Parameter } from "../module.ts";

export interface LinearOptions {
  readonly bias?: boolean;
  /** Default: uniform in ±1/√inFeatures, as PyTorch's. */
  readonly start?: ParameterStart;
}

/** x[N, in] → x·weightᵀ + bias, [N, out]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(inFeatures: number, outFeatures: number, { bias = true, start }: LinearOptions = {}) {
    super();
    this.weight = new Parameter(
      [outFeatures, inFeatures],
      "weight",
      start?.weight ?? uniformFanIn(inFeatures),
    );
    if (bias) this.bias = new Parameter([outFeatures], "bias", start?.bias ?? uniformFanIn(inFeatures));
  }

  forward(x: Tensor): Tensor {
    const product = x.matmul(this.weight.in(x), { transB: true });
    return this.bias === undefined ? product : product.add(this.bias.in(x));
  }
}
