/** A multilayer perceptron: the smallest model that trains. Two hidden layers with ReLU. */
import type { Tensor } from "../graph/tensor.ts";
import { Linear, Module } from "../nn/index.ts";
import type { ModelDefinition } from "./model.ts";

class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;

  constructor(inFeatures: number, width: number, classes: number) {
    super();
    this.fc1 = new Linear(inFeatures, width);
    this.fc2 = new Linear(width, width);
    this.fc3 = new Linear(width, classes);
  }

  forward(x: Tensor): Tensor {
    const hidden = this.fc1.forward(x.flatten()).relu();
    return this.fc3.forward(this.fc2.forward(hidden).relu());
  }
}

export const mlp: ModelDefinition = {
  name: "mlp",
  source: "Multilayer perceptron with two hidden layers",
  defaults: { width: 256 },
  create: ({ channels, size, classes }, { width }) => new Mlp(size * size * channels, width, classes),
};
