/**
 * LeNet-5 with ReLU and max pooling, for 32×32 images. Source: LeCun et al. 1998, figure 2 (layer sizes); ReLU and max
 * pooling are today's usual replacements.
 */

import { outputSize } from "../graph/shapes.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Conv2d, Linear, MaxPool2d, Module } from "../nn/index.ts";
import type { ModelDefinition } from "./model.ts";

const KERNEL = 5;

class LeNet extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly pool: MaxPool2d;
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;

  constructor(channels: number, size: number, classes: number, width: number) {
    super();
    this.conv1 = new Conv2d(channels, width, KERNEL);
    this.conv2 = new Conv2d(width, 16, KERNEL);
    this.pool = new MaxPool2d(2);
    const reduced = featureSize(featureSize(size));
    this.fc1 = new Linear(reduced * reduced * 16, 120);
    this.fc2 = new Linear(120, 84);
    this.fc3 = new Linear(84, classes);
  }

  forward(x: Tensor): Tensor {
    const c1 = this.pool.forward(this.conv1.forward(x).relu());
    const c2 = this.pool.forward(this.conv2.forward(c1).relu());
    const f1 = this.fc1.forward(c2.flatten()).relu();
    return this.fc3.forward(this.fc2.forward(f1).relu());
  }
}

/** Image size after one convolution and one pooling. */
const featureSize = (size: number) => outputSize(outputSize(size, KERNEL, 1, 0), 2, 2, 0);

export const lenet: ModelDefinition = {
  name: "lenet",
  source: "LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition",
  defaults: { width: 6 },
  create: ({ channels, size, classes }, { width }) => new LeNet(channels, size, classes, width),
};
