/**
 * Exports models to ONNX and runs them with onnxruntime on random images, beside our own evaluation. Ends with 1 if a logit is off by
 * more than 1e-4 of the largest. Needs onnxruntime-node, which is no dependency of the project:
 *   npm install --ignore-scripts --no-save --prefix DIR onnxruntime-node
 * Usage: npm run setup && node bench/peers/onnx-check.mjs DIR [MODEL]…
 */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createModel, evaluate, Graph, modelDefinition, selectKernels, Tensor } from "../../dist/index.js";
import { onnxModel } from "../../dist/interop/onnx.js";
import { namedStates } from "../../dist/nn/index.js";
import { randomStream } from "../../dist/random/streams.js";

const [directory, ...named] = process.argv.slice(2);
const ort = createRequire(join(resolve(directory ?? "."), "package.json"))("onnxruntime-node");
const BOUND = 1e-4;
const task = { channels: 3, size: 32, classes: 10 };

/** Random numbers for every state that training would have moved: statistics and norm parameters too. */
function scatter(model) {
  model.stateDict();
  for (const [index, [name, member]] of namedStates(model).entries()) {
    const random = randomStream({ seed: 3, stream: "init", id: index });
    if (!/bn|downsample\.1|running/.test(name)) continue;
    const lowest = name.endsWith("running_var") ? 0.5 : -0.25;
    member.data.set(member.data.map(() => lowest + 0.5 * random.uniform()));
  }
}

let failed = false;
for (const name of named.length > 0 ? named : ["lenet", "resnet20", "resnet18"]) {
  const model = createModel(modelDefinition(name), task, {});
  scatter(model);
  for (const batch of [1, 5]) {
    const random = randomStream({ seed: 4, stream: "init", id: batch });
    const nhwc = Float32Array.from({ length: batch * 32 * 32 * 3 }, () => random.uniform() * 2 - 1);
    const nchw = Float32Array.from(nhwc, (_, i) => {
      const [x, y, c, n] = [i % 32, Math.floor(i / 32) % 32, Math.floor(i / 1024) % 3, Math.floor(i / 3072)];
      return nhwc[((n * 32 + y) * 32 + x) * 3 + c];
    });
    const ours = await ownLogits(model, nhwc, batch);
    const session = await ort.InferenceSession.create(onnxModel(model, { task, name, version: "check" }));
    const { logits } = await session.run({ images: new ort.Tensor("float32", nchw, [batch, 3, 32, 32]) });
    const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off =
      logits.data.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0) / largest;
    const right = logits.dims.join() === `${batch},10` && off <= BOUND;
    failed ||= !right;
    console.log(
      `${name}, batch ${batch}: largest difference ${off.toExponential(2)} of the largest logit${right ? "" : "  TOO LARGE"}`,
    );
  }
}
console.log(`onnxruntime ${ort.env.versions.common}, ${failed ? "failed" : `all within ${BOUND}`}`);
process.exitCode = failed ? 1 : 0;

async function ownLogits(model, images, batch) {
  const graph = new Graph({ training: false });
  const source = graph.source({ kind: "input", name: "images" }, [batch, 32, 32, 3], "input");
  graph.output("logits", model.forward(new Tensor(graph, source)).value);
  const feeds = new Map([["images", images], ...namedStates(model).map(([name, { data }]) => [name, data])]);
  const results = await evaluate(graph, { kernels: selectKernels({}).kernels, feeds });
  return results.get("logits");
}
