/**
 * Writes the files that interop_check.py reads with other tools, and with `--back DIR` compares what those tools wrote.
 * Usage: node bench/peers/interop-files.mjs DIR [--back]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readNpz, writeNpz } from "../../dist/data/npz.js";
import { readSafetensors, writeSafetensors } from "../../dist/data/safetensors.js";
import { asFloat32, DTYPE_BITS, float32Tensor } from "../../dist/data/safetensors-dtype.js";
import {
  createModel,
  evaluate,
  Graph,
  loadWeights,
  modelDefinition,
  nn,
  readStateDict,
  selectKernels,
  Tensor,
} from "../../dist/index.js";
import { eventFile } from "../../dist/interop/tensorboard.js";
import { checkpointWeights } from "../../dist/interop/weights.js";
import { namedStates } from "../../dist/nn/index.js";

const [directory, back] = process.argv.slice(2);
const path = (name) => join(directory, name);

/** Every byte there is in every type, in a shape of rank 2; booleans are 0 or 1 only. */
function everyByte(dtype) {
  const bytes = Uint8Array.from({ length: 6 * 256 }, (_, i) =>
    dtype === "BOOL" ? i & 1 : (i * 7 + (i >> 8)) & 255,
  );
  return { dtype, shape: [2, (bytes.length * 8) / DTYPE_BITS[dtype] / 2], bytes };
}
const tensors = new Map(Object.keys(DTYPE_BITS).map((dtype) => [`t.${dtype}`, everyByte(dtype)]));
// What PyTorch has no type for stays in a file of its own, which the safetensors library reads without it.
const inTorch = new Map([...tensors].filter(([name]) => !name.startsWith("t.F6_")));
const inNumpy = new Map(
  [...tensors]
    .filter(([, { dtype }]) => !/^(BF16|F8_|F6_|F4)/.test(dtype))
    .map(([name, tensor]) => [name, tensor]),
);

/** Linear layers behind pictures of more than one pixel: flattened in our order (LeNet) and by the model in PyTorch's. */
const MODELS = [
  { name: "lenet", options: {}, task: { channels: 3, size: 32, classes: 10 } },
  {
    name: "alexnet",
    options: { width: 8, hidden: 24, stemKernel: 3 },
    task: { channels: 3, size: 32, classes: 7 },
  },
  { name: "vgg16", options: { width: 4, hidden: 24 }, task: { channels: 3, size: 96, classes: 5 } },
];

if (back === "--back") {
  compare(inTorch, readSafetensors(readFileSync(path("from-torch.safetensors"))).tensors, "safetensors");
  compare(inNumpy, readNpz(readFileSync(path("from-numpy.npz")), "from-numpy.npz"), "npz");
  compare(
    inNumpy,
    readNpz(readFileSync(path("from-numpy-compressed.npz")), "from-numpy-compressed.npz"),
    "npz, compressed",
  );
  for (const model of MODELS) await compareLogits(model);
} else {
  writeFileSync(path("torch.safetensors"), writeSafetensors(inTorch, { format: "pt" }));
  writeFileSync(path("all.safetensors"), writeSafetensors(tensors));
  writeFileSync(path("numpy.npz"), writeNpz(inNumpy));
  const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) * i);
  const summaries = [
    { kind: "scalar", tag: "loss", step: 1, value: 2.5 },
    { kind: "scalar", tag: "loss", step: 70000, value: Number.NaN },
    { kind: "histogram", tag: "weights", step: 3, values },
    { kind: "text", tag: "recipe", step: 0, text: "FP8, stochastic — ünïcode" },
  ];
  for (const model of MODELS) await writeModel(model);
  writeFileSync(path("events.out.tfevents.1.roundoff"), eventFile(summaries, 1000.5));
}

/** Every model as a checkpoint would hold it, images, and our logits for them: PyTorch must compute the same with these weights. */
async function writeModel({ name, options, task }) {
  const model = modelOf({ name, options, task });
  const states = namedStates(model);
  const stored = new Map(states.map(([key, { data, shape }]) => [key, float32Tensor(data, shape)]));
  const manifest = { config: { model: name, modelOptions: options }, task };
  const weights = checkpointWeights({ path: name, manifest, tensors: stored });
  writeFileSync(path(`${name}.safetensors`), writeSafetensors(weights, { format: "pt" }));
  const shape = [2, task.size, task.size, task.channels];
  const images = Float32Array.from({ length: 2 * task.size ** 2 * task.channels }, (_, i) =>
    Math.sin(0.37 * i),
  );
  const arrays = new Map([
    ["images", float32Tensor(images, shape)],
    ["logits", float32Tensor(await logitsOf(model, shape, images), [2, task.classes])],
  ]);
  writeFileSync(path(`${name}.npz`), writeNpz(arrays));
}

/** A model with random numbers whose every layer counts: its own start would leave the last bias of a VGG and little else. */
function modelOf({ name, options, task }) {
  const model = nn.init(createModel(modelDefinition(name), task, options), { seed: 1 });
  for (const [, { data, shape }] of namedStates(model)) {
    const squares = data.reduce((sum, value) => sum + value * value, 0);
    const inputs = data.length / (shape.length === 4 ? shape[3] : shape[0]);
    const factor = Math.sqrt((2 / inputs) * (data.length / squares));
    data.forEach((value, i) => {
      data[i] = shape.length === 1 ? 0.1 * Math.cos(i) : factor * value;
    });
  }
  return model;
}

async function logitsOf(model, shape, images) {
  const graph = new Graph({ training: false });
  const source = graph.source({ kind: "input", name: "images" }, shape, "input");
  graph.output("logits", model.forward(new Tensor(graph, source)).value);
  const feeds = new Map([["images", images], ...namedStates(model).map(([name, { data }]) => [name, data])]);
  return (await evaluate(graph, { kernels: selectKernels({}).kernels, feeds })).get("logits");
}

/** PyTorch's own random weights, loaded here, must give PyTorch's logits. */
async function compareLogits({ name, options, task }) {
  const model = modelOf({ name, options, task });
  loadWeights(model, readStateDict(readFileSync(path(`${name}-torch.safetensors`))), task);
  const { tensors } = readSafetensors(readFileSync(path(`${name}-torch-logits.safetensors`)));
  const [theirs, images] = ["logits", "images"].map((key) => asFloat32(tensors.get(key)));
  const ours = await logitsOf(model, [2, task.size, task.size, task.channels], images);
  const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const off = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0) / largest;
  console.log(`${name} with PyTorch's weights: logits within ${off.toExponential(1)} of the largest`);
  if (!(off < 1e-4)) process.exitCode = 1;
}

function compare(expected, found, what) {
  for (const [name, { dtype, shape, bytes }] of expected) {
    const other = found.get(name);
    const same =
      other?.dtype === dtype &&
      String(other.shape) === String(shape) &&
      Buffer.from(other.bytes).equals(bytes);
    if (!same) {
      console.log(`${what}: ${name} came back as ${other?.dtype} [${other?.shape}], or with other bytes`);
      process.exitCode = 1;
    }
  }
  console.log(`${what}: ${expected.size} types compared byte for byte`);
}
