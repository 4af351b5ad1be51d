/**
 * The parts of GoogLeNet: a convolution with batch norm and ReLU, four branches side by side, a classifier on the way.
 * Source: Szegedy et al. 2015, figure 2b and section 5; names and shapes of torchvision.
 */
import type { Tensor } from "../graph/tensor.ts";
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  type Conv2dOptions,
  concat,
  Dropout,
  Linear,
  MaxPool2d,
  Module,
  Sequential,
} from "../nn/index.ts";
import { flattenChannelsFirst } from "./flatten-images.ts";

export class BasicConv2d extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv2dOptions = {}) {
    super();
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, { ...options, bias: false });
    this.bn = new BatchNorm2d(outChannels, { eps: 0.001 });
  }

  forward(x: Tensor): Tensor {
    return this.bn.forward(this.conv.forward(x)).relu();
  }
}

/** Output channels of the branches, and of the 1×1 convolutions in front of the larger ones. */
export interface InceptionChannels {
  readonly direct: number;
  readonly reduce3: number;
  readonly branch3: number;
  readonly reduce5: number;
  readonly branch5: number;
  readonly pooled: number;
}

/** x[N, H, W, C] → [N, H, W, direct + branch3 + branch5 + pooled]. */
export class Inception extends Module {
  readonly branch1: BasicConv2d;
  readonly branch2: Sequential;
  readonly branch3: Sequential;
  readonly branch4: Sequential;

  constructor(inChannels: number, sizes: InceptionChannels) {
    super();
    this.branch1 = new BasicConv2d(inChannels, sizes.direct, 1);
    this.branch2 = new Sequential(
      new BasicConv2d(inChannels, sizes.reduce3, 1),
      new BasicConv2d(sizes.reduce3, sizes.branch3, 3, { padding: 1 }),
    );
    this.branch3 = new Sequential(
      new BasicConv2d(inChannels, sizes.reduce5, 1),
      new BasicConv2d(sizes.reduce5, sizes.branch5, 3, { padding: 1 }),
    );
    this.branch4 = new Sequential(
      new MaxPool2d(3, { stride: 1, padding: 1 }),
      new BasicConv2d(inChannels, sizes.pooled, 1),
    );
  }

  forward(x: Tensor): Tensor {
    const branches = [this.branch1, this.branch2, this.branch3, this.branch4];
    return concat(
      branches.map((branch) => branch.forward(x)),
      -1,
    );
  }
}

export interface AuxiliarySizes {
  readonly channels: number;
  readonly hidden: number;
  readonly classes: number;
}

/** Rows and columns that the features are averaged to. */
const GRID = 4;

export class AuxiliaryClassifier extends Module {
  readonly pool: AdaptiveAvgPool2d;
  readonly conv: BasicConv2d;
  readonly fc1: Linear;
  readonly dropout: Dropout;
  readonly fc2: Linear;

  constructor(inChannels: number, { channels, hidden, classes }: AuxiliarySizes) {
    super();
    this.pool = new AdaptiveAvgPool2d(GRID);
    this.conv = new BasicConv2d(inChannels, channels, 1);
    this.fc1 = new Linear(channels * GRID * GRID, hidden);
    this.dropout = new Dropout(0.7);
    this.fc2 = new Linear(hidden, classes);
  }

  forward(x: Tensor): Tensor {
    const features = flattenChannelsFirst(this.conv.forward(this.pool.forward(x)));
    return this.fc2.forward(this.dropout.forward(this.fc1.forward(features).relu()));
  }
}
