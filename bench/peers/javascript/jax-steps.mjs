/**
 * Training steps of ResNet-20 in jax-js on request. Arguments: backend(wasm) start-file threads, and `lax`
 * for the library's own convolution instead of a matrix product.
 */

import { readFileSync } from "node:fs";
import { resnet20 } from "./resnet20.mjs";
import { serve } from "./serve.mjs";
import { permuted, readStart } from "./start-file.mjs";
import { provideWorkers } from "./web-workers.mjs";

const [backend, startFile, threads, convolution] = process.argv.slice(2);
const LR = 1e-2;
const MOMENTUM = 0.9;
const EPSILON = 1e-5;

if (Number(threads) > 1) provideWorkers(Number(threads));
const {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy: np,
  tree,
  valueAndGrad,
} = await import("@jax-js/jax");
await init(backend);
defaultDevice(backend);

/** Mean of everything but channels, of [N, H, W, C]. */
const channelMean = (x) => np.mean(x, [0, 1, 2], { keepdims: true });

/** What every position of a kernel of 3 × 3 reads, side by side: [N, H, W, C] → [N, H / stride, W / stride, 9 C]. */
function patches(x, stride) {
  const [, height, width] = x.shape;
  const padded = np.pad(x, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
  const parts = [];
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const part = padded.ref.slice([], [row, row + height], [column, column + width], []);
      parts.push(everySecond(part, stride));
    }
  }
  padded.dispose();
  return np.concatenate(parts, 3);
}

function everySecond(x, stride) {
  if (stride === 1) return x;
  const [pictures, height, width, channels] = x.shape;
  return x.reshape([pictures, height / 2, 2, width / 2, 2, channels]).slice([], [], 0, [], 0, []);
}

/** `weight`: [what a position reads, output channels]. */
function productConvolution(x, weight, stride) {
  const [rows, outChannels] = weight.shape;
  const read = rows === x.shape[3] ? everySecond(x, stride) : patches(x, stride);
  const [pictures, height, width] = read.shape;
  return np.matmul(read.reshape([-1, rows]), weight).reshape([pictures, height, width, outChannels]);
}

/** The library's own, which wants channels second. */
function laxConvolution(x, weight, stride) {
  const [rows, outChannels] = weight.shape;
  const channels = x.shape[3];
  const kernel = Math.sqrt(rows / channels);
  const padding = [(kernel - 1) / 2, (kernel - 1) / 2];
  const filters = weight.reshape([kernel, kernel, channels, outChannels]).transpose([3, 2, 0, 1]);
  const pictures = x.transpose([0, 3, 1, 2]);
  return lax
    .convGeneralDilated(pictures, filters, [stride, stride], [padding, padding])
    .transpose([0, 2, 3, 1]);
}

function operations(parameters) {
  const parameter = (name) => parameters[name].ref;
  return {
    conv(x, name, stride) {
      const weight = parameter(`${name}.weight`);
      return convolution === "lax"
        ? laxConvolution(x, weight, stride)
        : productConvolution(x, weight, stride);
    },
    norm(x, name) {
      const centred = x.ref.sub(channelMean(x));
      const variance = channelMean(np.square(centred.ref));
      const scale = parameter(`${name}.weight`).mul(np.reciprocal(np.sqrt(variance.add(EPSILON))));
      return centred.mul(scale).add(parameter(`${name}.bias`));
    },
    relu: (x) => nn.relu(x),
    add: (a, b) => a.add(b),
    twice: (x) => [x.ref, x],
    pool: (x) => np.mean(x, [1, 2]),
    linear: (x, name) => np.matmul(x, parameter(`${name}.weight`).transpose()).add(parameter(`${name}.bias`)),
  };
}

function lossOf(parameters, images, labels) {
  const logits = resnet20(images, operations(parameters));
  tree.dispose(parameters);
  const logProbabilities = nn.logSoftmax(logits, 1);
  return np.mean(np.sum(logProbabilities.mul(labels), 1)).mul(-1);
}

/** One step of SGD with momentum, compiled as one function. */
const trainStep = jit((parameters, momentum, images, labels) => {
  const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(parameters), images, labels);
  const moved = tree.map((m, g) => m.mul(MOMENTUM).add(g), momentum, gradients);
  const updated = tree.map((p, m) => p.sub(m.mul(LR)), parameters, tree.ref(moved));
  return [updated, moved, loss];
});

const start = readStart(startFile);
const pictures = np.array(start.images.data).reshape(start.images.shape);
const labels = nn.oneHot(np.array(start.labels, { dtype: np.int32 }), 10);
let parameters = {};
for (const [name, array] of start.parameters) {
  const isConv = array.shape.length === 4;
  const { shape, data } = isConv ? permuted(array, [1, 2, 3, 0]) : array;
  // A convolution as a matrix of what a position reads by output channels.
  parameters[name] = np.array(data.slice()).reshape(isConv ? [-1, shape[3]] : shape);
}
let momentum = tree.map((p) => np.zeros(p.shape), parameters);
let lastLoss = Number.NaN;

async function step() {
  let loss;
  [parameters, momentum, loss] = trainStep(parameters, momentum, pictures.ref, labels.ref);
  await blockUntilReady([parameters, momentum]);
  [lastLoss] = await loss.data();
}

async function report() {
  const { "conv1.weight": conv1, "fc.weight": fc } = momentum;
  const { data } = permuted({ shape: [3, 3, 3, conv1.shape[1]], data: await conv1.ref.data() }, [3, 0, 1, 2]);
  return { loss: lastLoss, momentum: { conv1: [...data], fc: [...(await fc.ref.data())] } };
}

const { version } = JSON.parse(
  readFileSync(new URL("node_modules/@jax-js/jax/package.json", import.meta.url)),
);
await serve(`jax-js ${version} ${backend}, ${threads} threads`, { step, report });
