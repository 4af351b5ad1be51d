/**
 * The CIFAR form of ResNet: 6n + 2 layers in three stages of n basic blocks at widths w, 2w, 4w. Source: He et al. 2016,
 * section 4.2. Shortcuts that change shape are 1×1 convolutions with batch norm (the paper's option B).
 */
import type { Tensor } from "../graph/tensor.ts";
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  GlobalAvgPool2d,
  Linear,
  Module,
  type Sequential,
} from "../nn/index.ts";
import type { ModelDefinition, ModelOptions } from "./model.ts";
import { BASIC_BLOCK, residualStage } from "./residual-blocks.ts";

class ResNetCifar extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly pool: GlobalAvgPool2d;
  readonly dropout?: Dropout;
  readonly fc: Linear;

  constructor(channels: number, classes: number, { width, blocks, stemStride, dropout }: ModelOptions) {
    super();
    const stage = (inChannels: number, inner: number, stride: number) =>
      residualStage(BASIC_BLOCK, blocks, { inChannels, inner, stride });
    this.conv1 = new Conv2d(channels, width, 3, { stride: stemStride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.layer1 = stage(width, width, 1);
    this.layer2 = stage(width, 2 * width, 2);
    this.layer3 = stage(2 * width, 4 * width, 2);
    this.pool = new GlobalAvgPool2d();
    if (dropout > 0) this.dropout = new Dropout(dropout / 100);
    this.fc = new Linear(4 * width, classes);
  }

  forward(x: Tensor): Tensor {
    const stem = this.bn1.forward(this.conv1.forward(x)).relu();
    const features = this.layer3.forward(this.layer2.forward(this.layer1.forward(stem)));
    const pooled = this.pool.forward(features);
    return this.fc.forward(this.dropout?.forward(pooled) ?? pooled);
  }
}

export const resnet20: ModelDefinition = {
  name: "resnet20",
  source: "He et al. 2016, Deep Residual Learning for Image Recognition, section 4.2 (n = 3)",
  // A stem of stride 2 works on quarter-size pictures: four times less work, for quick studies.
  // `dropout`, in percent, acts in front of the last layer: the paper has none.
  defaults: { width: 16, blocks: 3, stemStride: 1, dropout: 0 },
  create: ({ channels, classes }, options) => new ResNetCifar(channels, classes, options),
};
