/**
 * Training steps of ResNet-20 in TensorFlow.js on request. Arguments: backend(wasm|cpu) start-file threads.
 * Its WASM backend has no kernel for the gradient of a convolution's weight: filter-gradient.mjs adds one.
 */
import { createRequire } from "node:module";
import { registerFilterGradient } from "./filter-gradient.mjs";
import { resnet20 } from "./resnet20.mjs";
import { serve } from "./serve.mjs";
import { permuted, readStart } from "./start-file.mjs";
import { provideWorkers } from "./web-workers.mjs";

const [backend, startFile, threads] = process.argv.slice(2);
const LR = 1e-2;
const MOMENTUM = 0.9;
const EPSILON = 1e-5;

// The package's own entry for Node is CommonJS.
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");
if (backend === "wasm") {
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  if (Number(threads) > 1) {
    provideWorkers(Number(threads));
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
    wasm.setThreadsCount(Number(threads));
  }
  registerFilterGradient(tf, "wasm");
}
await tf.setBackend(backend);
await tf.ready();

const start = readStart(startFile);
const parameters = new Map(
  [...start.parameters].map(([name, array]) => {
    const { shape, data } = array.shape.length === 4 ? permuted(array, [1, 2, 3, 0]) : array;
    return [name, tf.variable(tf.tensor(data, shape), true, name)];
  }),
);
const images = tf.tensor(start.images.data, start.images.shape);
const labels = tf.cast(tf.oneHot(tf.tensor1d(start.labels, "int32"), 10), "float32");

const operations = {
  conv(x, name, stride) {
    const weight = parameters.get(`${name}.weight`);
    return tf.conv2d(x, weight, stride, (weight.shape[0] - 1) / 2);
  },
  norm(x, name) {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const [weight, bias] = ["weight", "bias"].map((member) => parameters.get(`${name}.${member}`));
    return tf.batchNorm(x, mean, variance, bias, weight, EPSILON);
  },
  relu: tf.relu,
  add: tf.add,
  twice: (x) => [x, x],
  pool: (x) => tf.mean(x, [1, 2]),
  linear(x, name) {
    const product = tf.matMul(x, parameters.get(`${name}.weight`), false, true);
    return tf.add(product, parameters.get(`${name}.bias`));
  },
};

const optimizer = tf.train.momentum(LR, MOMENTUM);
const variables = [...parameters.values()];
const lossOfBatch = () => tf.losses.softmaxCrossEntropy(labels, resnet20(images, operations));
let lastLoss = Number.NaN;

function step() {
  const { value, grads } = tf.variableGrads(lossOfBatch, variables);
  optimizer.applyGradients(grads);
  lastLoss = value.dataSync()[0];
  tf.dispose([value, grads]);
}

async function report() {
  const weights = await optimizer.getWeights();
  const momentum = (layer) => weights.find(({ name }) => name.startsWith(`${layer}.weight`)).tensor;
  const conv1 = momentum("conv1");
  const { data } = permuted({ shape: conv1.shape, data: await conv1.data() }, [3, 0, 1, 2]);
  return { loss: lastLoss, momentum: { conv1: [...data], fc: [...(await momentum("fc").data())] } };
}

await serve(`TensorFlow.js ${tf.version_core} ${backend}, ${threads} threads`, { step, report });
