/**
 * AlexNet in its one-tower form, with torchvision's names. Source: Krizhevsky 2014, One weird trick for parallelizing
 * convolutional neural networks (no local response normalisation, no groups); Krizhevsky et al. 2012. `width` scales the
 * channels (64 in the paper), `hidden` the two large layers; `stemKernel: 3` is the stem for small pictures.
 */
import type { Tensor } from "../graph/tensor.ts";
import {
  AdaptiveAvgPool2d,
  Conv2d,
  Dropout,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from "../nn/index.ts";
import { featureGrid } from "./feature-grid.ts";
import { flattenChannelsFirst } from "./flatten-images.ts";
import type { ImageTask, ModelDefinition, ModelOptions } from "./model.ts";
import { requireStem } from "./stem.ts";

/** Rows and columns of the features that the first large layer reads, at full size. */
const GRID = 6;

class AlexNet extends Module {
  readonly features: Sequential;
  readonly avgpool: AdaptiveAvgPool2d;
  readonly classifier: Sequential;

  constructor({ channels, size, classes }: ImageTask, { width, hidden, stemKernel }: ModelOptions) {
    super();
    requireStem("an AlexNet", stemKernel, [3, 11]);
    const stem = stemKernel === 3 ? { stride: 1, padding: 1 } : { stride: 4, padding: 2 };
    const pool = () => new MaxPool2d(3, { stride: 2 });
    this.features = new Sequential(
      new Conv2d(channels, width, stemKernel, stem),
      new ReLU(),
      pool(),
      new Conv2d(width, 3 * width, 5, { padding: 2 }),
      new ReLU(),
      pool(),
      new Conv2d(3 * width, 6 * width, 3, { padding: 1 }),
      new ReLU(),
      new Conv2d(6 * width, 4 * width, 3, { padding: 1 }),
      new ReLU(),
      new Conv2d(4 * width, 4 * width, 3, { padding: 1 }),
      new ReLU(),
      pool(),
    );
    const grid = featureGrid(this.features, { channels, size }, GRID);
    this.avgpool = new AdaptiveAvgPool2d(grid);
    this.classifier = new Sequential(
      new Dropout(),
      new Linear(4 * width * grid * grid, hidden),
      new ReLU(),
      new Dropout(),
      new Linear(hidden, hidden),
      new ReLU(),
      new Linear(hidden, classes),
    );
  }

  forward(x: Tensor): Tensor {
    const features = this.avgpool.forward(this.features.forward(x));
    return this.classifier.forward(flattenChannelsFirst(features));
  }
}

export const alexnet: ModelDefinition = {
  name: "alexnet",
  source: "Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks",
  defaults: { width: 64, hidden: 4096, stemKernel: 11 },
  create: (task, options) => new AlexNet(task, options),
};
