/**
 * VGG-16 (configuration D), with torchvision's names and start. Source: Simonyan & Zisserman 2015, table 1. `width` scales
 * the channels (64 in the paper), `hidden` the two large layers. Pictures of 32 pixels and more.
 */
import type { Tensor } from "../graph/tensor.ts";
import {
  AdaptiveAvgPool2d,
  Conv2d,
  constant,
  Dropout,
  kaimingNormalFanOut,
  Linear,
  MaxPool2d,
  Module,
  normal,
  ReLU,
  Sequential,
} from "../nn/index.ts";
import { featureGrid } from "./feature-grid.ts";
import { flattenChannelsFirst } from "./flatten-images.ts";
import type { ImageTask, ModelDefinition, ModelOptions } from "./model.ts";

/** Convolutions of each stage, and their channels in units of `width`. Every stage ends in a pooling. */
const STAGES = [
  { layers: 2, channels: 1 },
  { layers: 2, channels: 2 },
  { layers: 3, channels: 4 },
  { layers: 3, channels: 8 },
  { layers: 3, channels: 8 },
];

/** Rows and columns of the features that the first large layer reads, at full size. */
const GRID = 7;

/** Inputs of the three linear layers at full size: 512 channels of 7 × 7, then 4096. */
const FULL_INPUTS = [512 * GRID ** 2, 4096, 4096] as const;

/**
 * torchvision's start: without batch norm, sixteen layers do not train from PyTorch's default. Its deviation of 0.01 belongs to the
 * inputs of the full size; with fewer of them it grows, so that outputs keep their variance and a narrow network leaves chance too.
 */
const linearStart = (layer: 0 | 1 | 2, inputs: number) => ({
  weight: normal(0.01 * Math.sqrt(FULL_INPUTS[layer] / inputs)),
  bias: constant(0),
});
const convStart = (outChannels: number) => ({
  weight: kaimingNormalFanOut(outChannels * 9),
  bias: constant(0),
});

class Vgg extends Module {
  readonly features: Sequential;
  readonly avgpool: AdaptiveAvgPool2d;
  readonly classifier: Sequential;

  constructor({ channels, size, classes }: ImageTask, { width, hidden }: ModelOptions) {
    super();
    const layers: Module[] = [];
    let inChannels = channels;
    for (const stage of STAGES) {
      for (let i = 0; i < stage.layers; i++) {
        const outChannels = stage.channels * width;
        layers.push(
          new Conv2d(inChannels, outChannels, 3, { padding: 1, start: convStart(outChannels) }),
          new ReLU(),
        );
        inChannels = outChannels;
      }
      layers.push(new MaxPool2d(2));
    }
    this.features = new Sequential(...layers);
    const grid = featureGrid(this.features, { channels, size }, GRID);
    this.avgpool = new AdaptiveAvgPool2d(grid);
    const inputs = inChannels * grid ** 2;
    this.classifier = new Sequential(
      new Linear(inputs, hidden, { start: linearStart(0, inputs) }),
      new ReLU(),
      new Dropout(),
      new Linear(hidden, hidden, { start: linearStart(1, hidden) }),
      new ReLU(),
      new Dropout(),
      new Linear(hidden, classes, { start: linearStart(2, hidden) }),
    );
  }

  forward(x: Tensor): Tensor {
    const features = this.avgpool.forward(this.features.forward(x));
    return this.classifier.forward(flattenChannelsFirst(features));
  }
}

export const vgg16: ModelDefinition = {
  name: "vgg16",
  source: "Simonyan & Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image Recognition, D",
  defaults: { width: 64, hidden: 4096 },
  create: (task, options) => new Vgg(task, options),
};
