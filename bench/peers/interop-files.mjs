/**
 * Writes the files that interop_check.py reads with other tools, and with `--back DIR` compares what those tools wrote.
 * Usage: node bench/peers/interop-files.mjs DIR [--back]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readNpz, writeNpz } from "../../dist/data/npz.js";
import { readSafetensors, writeSafetensors } from "../../dist/data/safetensors.js";
import { DTYPE_BITS, float32Tensor } from "../../dist/data/safetensors-dtype.js";
import { createModel, evaluate, Graph, modelDefinition, selectKernels, Tensor } from "../../dist/index.js";
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

if (back === "--back") {
  compare(inTorch, readSafetensors(readFileSync(path("from-torch.safetensors"))).tensors, "safetensors");
  compare(inNumpy, readNpz(readFileSync(path("from-numpy.npz")), "from-numpy.npz"), "npz");
  compare(
    inNumpy,
    readNpz(readFileSync(path("from-numpy-compressed.npz")), "from-numpy-compressed.npz"),
    "npz, compressed",
  );
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
  await writeLenet();
  writeFileSync(path("events.out.tfevents.1.roundoff"), eventFile(summaries, 1000.5));
}

/** A LeNet as a checkpoint would hold it, an image, and our logits for it: PyTorch must compute the same with these weights. */
async function writeLenet() {
  const task = { channels: 3, size: 32, classes: 10 };
  const config = { model: "lenet", modelOptions: {} };
  const model = createModel(modelDefinition("lenet"), task, {});
  model.stateDict();
  const states = namedStates(model);
  const stored = new Map(states.map(([name, { data, shape }]) => [name, float32Tensor(data, shape)]));
  const checkpoint = { path: "lenet", manifest: { config, task }, tensors: stored };
  writeFileSync(path("lenet.safetensors"), writeSafetensors(checkpointWeights(checkpoint), { format: "pt" }));
  const nhwc = Float32Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => Math.sin(0.37 * i));
  const graph = new Graph({ training: false });
  const source = graph.source({ kind: "input", name: "images" }, [2, 32, 32, 3], "input");
  graph.output("logits", model.forward(new Tensor(graph, source)).value);
  const feeds = new Map([["images", nhwc], ...states.map(([name, { data }]) => [name, data])]);
  const logits = (await evaluate(graph, { kernels: selectKernels({}).kernels, feeds })).get("logits");
  const arrays = new Map([
    ["images", float32Tensor(nhwc, [2, 32, 32, 3])],
    ["logits", float32Tensor(logits, [2, 10])],
  ]);
  writeFileSync(path("lenet.npz"), writeNpz(arrays));
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
