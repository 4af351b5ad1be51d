/**
 * GoogLeNet (Inception v1) with batch norm and torchvision's names and shapes: as there, the 5×5 branch is 3×3. In training
 * two auxiliary classifiers add 0.3 of their loss each. Source: Szegedy et al. 2015, table 1 and section 5; Ioffe & Szegedy
 * 2015. `width` scales all channels (64 in the paper); `stemKernel: 3` is the stem for small pictures.
 */
import type { Tensor } from "../graph/tensor.ts";
import { Dropout, GlobalAvgPool2d, Linear, MaxPool2d, Module } from "../nn/index.ts";
import type { ClassifierOutput } from "./classifier.ts";
import { AuxiliaryClassifier, BasicConv2d, Inception } from "./inception.ts";
import type { ImageTask, ModelDefinition, ModelOptions } from "./model.ts";
import { requireStem } from "./stem.ts";

const AUXILIARY_WEIGHT = 0.3;

class GoogLeNet extends Module<ClassifierOutput> {
  readonly conv1: BasicConv2d;
  readonly maxpool1?: MaxPool2d;
  readonly conv2: BasicConv2d;
  readonly conv3: BasicConv2d;
  readonly maxpool2: MaxPool2d;
  readonly inception3a: Inception;
  readonly inception3b: Inception;
  readonly maxpool3: MaxPool2d;
  readonly inception4a: Inception;
  readonly inception4b: Inception;
  readonly inception4c: Inception;
  readonly inception4d: Inception;
  readonly inception4e: Inception;
  readonly maxpool4: MaxPool2d;
  readonly inception5a: Inception;
  readonly inception5b: Inception;
  readonly aux1: AuxiliaryClassifier;
  readonly aux2: AuxiliaryClassifier;
  readonly avgpool: GlobalAvgPool2d;
  readonly dropout: Dropout;
  readonly fc: Linear;

  constructor({ channels, classes }: ImageTask, { width, stemKernel }: ModelOptions) {
    super();
    requireStem("a GoogLeNet", stemKernel, [3, 7]);
    const large = stemKernel === 7;
    const pool = (kernelSize: number) => new MaxPool2d(kernelSize, { stride: 2, ceilMode: true });
    const scaled = (size: number) => Math.max(1, Math.round((size * width) / 64));
    const inception = (...sizes: readonly [number, number, number, number, number, number, number]) => {
      const [from, direct, reduce3, branch3, reduce5, branch5, pooled] = sizes.map(scaled);
      return new Inception(from, { direct, reduce3, branch3, reduce5, branch5, pooled });
    };
    this.conv1 = new BasicConv2d(channels, scaled(64), stemKernel, {
      stride: large ? 2 : 1,
      padding: stemKernel >> 1,
    });
    if (large) this.maxpool1 = pool(3);
    this.conv2 = new BasicConv2d(scaled(64), scaled(64), 1);
    this.conv3 = new BasicConv2d(scaled(64), scaled(192), 3, { padding: 1 });
    this.maxpool2 = pool(3);
    this.inception3a = inception(192, 64, 96, 128, 16, 32, 32);
    this.inception3b = inception(256, 128, 128, 192, 32, 96, 64);
    this.maxpool3 = pool(3);
    this.inception4a = inception(480, 192, 96, 208, 16, 48, 64);
    this.inception4b = inception(512, 160, 112, 224, 24, 64, 64);
    this.inception4c = inception(512, 128, 128, 256, 24, 64, 64);
    this.inception4d = inception(512, 112, 144, 288, 32, 64, 64);
    this.inception4e = inception(528, 256, 160, 320, 32, 128, 128);
    this.maxpool4 = pool(2);
    this.inception5a = inception(832, 256, 160, 320, 32, 128, 128);
    this.inception5b = inception(832, 384, 192, 384, 48, 128, 128);
    const auxiliary = (from: number) =>
      new AuxiliaryClassifier(scaled(from), { channels: scaled(128), hidden: scaled(1024), classes });
    this.aux1 = auxiliary(512);
    this.aux2 = auxiliary(528);
    this.avgpool = new GlobalAvgPool2d();
    this.dropout = new Dropout(0.2);
    this.fc = new Linear(scaled(1024), classes);
  }

  forward(x: Tensor): ClassifierOutput {
    const first = this.conv1.forward(x);
    const stem = this.conv3.forward(this.conv2.forward(this.maxpool1?.forward(first) ?? first));
    const stage3 = this.inception3b.forward(this.inception3a.forward(this.maxpool2.forward(stem)));
    const features4a = this.inception4a.forward(this.maxpool3.forward(stage3));
    const features4d = [this.inception4b, this.inception4c, this.inception4d].reduce(
      (y, module) => module.forward(y),
      features4a,
    );
    const stage4 = this.maxpool4.forward(this.inception4e.forward(features4d));
    const features = this.inception5b.forward(this.inception5a.forward(stage4));
    const logits = this.fc.forward(this.dropout.forward(this.avgpool.forward(features)));
    if (!x.graph.training) return logits;
    return {
      logits,
      auxiliary: [
        { logits: this.aux1.forward(features4a), weight: AUXILIARY_WEIGHT },
        { logits: this.aux2.forward(features4d), weight: AUXILIARY_WEIGHT },
      ],
    };
  }
}

export const googlenet: ModelDefinition = {
  name: "googlenet",
  source: "Szegedy et al. 2015, Going Deeper with Convolutions; with batch norm, as in torchvision",
  defaults: { width: 64, stemKernel: 7 },
  create: (task, options) => new GoogLeNet(task, options),
};
