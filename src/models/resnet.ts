/**
 * ResNet-18, -34 and -50 for ImageNet, with torchvision's names. Source: He et al. 2016, table 1. `width` scales all
 * channels (64 in the paper); `stemKernel: 3` is the stem for small pictures: 3×3, stride 1, no pooling.
 */
import type { Tensor } from "../graph/tensor.ts";
import {
  BatchNorm2d,
  Conv2d,
  GlobalAvgPool2d,
  Linear,
  MaxPool2d,
  Module,
  type Sequential,
} from "../nn/index.ts";
import type { ImageTask, ModelDefinition, ModelOptions } from "./model.ts";
import { BASIC_BLOCK, type BlockKind, BOTTLENECK, residualStage } from "./residual-blocks.ts";
import { requireStem } from "./stem.ts";

/** Blocks in each of the four stages. */
type Depths = readonly [number, number, number, number];

class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly maxpool?: MaxPool2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly avgpool: GlobalAvgPool2d;
  readonly fc: Linear;

  constructor(kind: BlockKind, depths: Depths, { channels, classes }: ImageTask, options: ModelOptions) {
    super();
    const { width, stemKernel } = options;
    requireStem("a ResNet", stemKernel, [3, 7]);
    const small = stemKernel === 3;
    const stride = small ? 1 : 2;
    this.conv1 = new Conv2d(channels, width, stemKernel, { stride, padding: stemKernel >> 1, bias: false });
    this.bn1 = new BatchNorm2d(width);
    if (!small) this.maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
    const { expansion } = kind;
    const wider = (stage: number) => ({
      inChannels: expansion * width * 2 ** (stage - 1),
      inner: width * 2 ** stage,
      stride: 2,
    });
    this.layer1 = residualStage(kind, depths[0], { inChannels: width, inner: width, stride: 1 });
    this.layer2 = residualStage(kind, depths[1], wider(1));
    this.layer3 = residualStage(kind, depths[2], wider(2));
    this.layer4 = residualStage(kind, depths[3], wider(3));
    this.avgpool = new GlobalAvgPool2d();
    this.fc = new Linear(expansion * width * 8, classes);
  }

  forward(x: Tensor): Tensor {
    const stem = this.bn1.forward(this.conv1.forward(x)).relu();
    const pooled = this.maxpool?.forward(stem) ?? stem;
    const features = [this.layer1, this.layer2, this.layer3, this.layer4].reduce(
      (y, layer) => layer.forward(y),
      pooled,
    );
    return this.fc.forward(this.avgpool.forward(features));
  }
}

function definition(name: string, kind: BlockKind, depths: Depths): ModelDefinition {
  return {
    name,
    source: `He et al. 2016, Deep Residual Learning for Image Recognition, table 1 (${depths.join("-")})`,
    defaults: { width: 64, stemKernel: 7 },
    create: (task, options) => new ResNet(kind, depths, task, options),
  };
}

export const resnet18 = definition("resnet18", BASIC_BLOCK, [2, 2, 2, 2]);
export const resnet34 = definition("resnet34", BASIC_BLOCK, [3, 4, 6, 3]);
export const resnet50 = definition("resnet50", BOTTLENECK, [3, 4, 6, 3]);
