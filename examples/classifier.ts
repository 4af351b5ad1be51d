/** An image classifier in bf16: a convolutional net tells bright rows from bright columns. */
import { compile, compileTrainStep, nn, optim, recipe, type Tensor, tensor } from "roundoff";

class Classifier extends nn.Module {
  conv = new nn.Conv2d(1, 8, 3, { padding: 1 });
  norm = new nn.BatchNorm2d(8);
  pool = new nn.MaxPool2d(2);
  head = new nn.Linear(8 * 4 * 4, 2);

  forward(images: Tensor) {
    const features = this.norm.forward(this.conv.forward(images)).relu();
    return this.head.forward(this.pool.forward(features).flatten());
  }
}

/** Noisy pictures of 8×8 with one bright row (label 0) or column (label 1). */
function batch(count: number) {
  const labels = Int32Array.from({ length: count }, () => Math.floor(2 * Math.random()));
  const places = Array.from(labels, () => Math.floor(8 * Math.random()));
  const bright = (n: number, y: number, x: number) => (labels[n] === 1 ? x : y) === places[n];
  const pixel = (_: unknown, i: number) => Number(bright(i >> 6, (i >> 3) & 7, i & 7)) + Math.random() / 2;
  const images = Float32Array.from({ length: count * 64 }, pixel);
  return { images: tensor(images, { shape: [count, 8, 8, 1] }), labels: tensor(labels) };
}

const model = nn.init(new Classifier(), { seed: 1 });
const step = compileTrainStep(model, {
  loss: (net, { images, labels }: ReturnType<typeof batch>) => nn.crossEntropy(net.forward(images), labels),
  optimizer: new optim.AdamW({ lr: optim.cosine(0.01, { steps: 60 }), groups: [optim.withoutDecay] }),
  recipe: recipe("bf16"),
});
for (let i = 0; i < 60; i++) await step(batch(32));

const evaluate = compile((images: Tensor, labels: Tensor) => nn.crossEntropy(model.forward(images), labels));
const test = batch(200);
const { correct } = await evaluate(test.images, test.labels);
export const accuracy = (await correct.item()) / 200;
console.log(`test accuracy ${accuracy}`);
