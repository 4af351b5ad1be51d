/**
 * Does a step wait for its pictures? Full-size training steps on a batch that stays in memory, on JPEG pictures decoded ahead by
 * worker threads, and on copies that `roundoff data prepare` made of them: rounds in turn, for each the median and the
 * best time from one step's end to the next one's, and the median time that a step waited for its batch.
 * Usage: node bench/steps-on-pictures.mjs [--model NAME] [--recipe R] [--batch N] [--size PX] [--workers N] [--steps N] [--rounds N]
 *        [--json]   (needs dist/ and build/)
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBatches } from "../dist/data/batches.js";
import { copyPictures } from "../dist/data/images/copy-pictures.js";
import { openPictures } from "../dist/data/images/open-pictures.js";
import * as api from "../dist/index.js";
import { writePictures } from "./pictures.mjs";

const CLASSES = 1000;

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "resnet18" },
    recipe: { type: "string", default: "fp32" },
    batch: { type: "string", default: "8" },
    size: { type: "string", default: "224" },
    workers: { type: "string", default: "1" },
    steps: { type: "string", default: "6" },
    rounds: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const [batch, size, workers, steps] = [values.batch, values.size, values.workers, values.steps].map(Number);

function compileStep() {
  const model = api.createModel(api.modelDefinition(values.model), { channels: 3, size, classes: CLASSES });
  return api.compileClassifierStep(model, {
    recipe: api.recipe(values.recipe),
    kernels: api.selectKernels({}).kernels,
    state: api.initialState(model, 1),
    batchShape: [batch, size, size, 3],
    optimizer: new api.optim.SGD({ lr: 0.001, momentum: 0.9 }),
    seed: 1,
  });
}

async function* sameBatch(step) {
  const images = Float32Array.from(step.images, (_, i) => Math.sin(i));
  const labels = Int32Array.from(step.labels, (_, i) => i);
  for (;;) yield { images, labels };
}

/** Batches for ever: a new epoch begins where one ends, as its first batch is prepared. */
async function* epochs(batches) {
  for (let epoch = 0; ; epoch++) yield* batches.train.pass(epoch);
}

/** The time of every step and its wait, in milliseconds; the first two, with empty buffers and cold caches, are left out. */
async function timeSteps(step, batches) {
  const times = [];
  let last = performance.now();
  for await (const { images, labels } of batches) {
    const wait = performance.now() - last;
    step.images.set(images);
    step.labels.set(labels);
    await step.run(0);
    const now = performance.now();
    times.push({ whole: now - last, wait });
    last = now;
    if (times.length === steps + 2) return times.slice(2);
  }
  return times;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

const directory = mkdtempSync(join(tmpdir(), "roundoff-steps-"));
try {
  const [jpegs, copies] = [join(directory, "jpeg"), join(directory, "copies")];
  writePictures(jpegs, Math.ceil((batch * (steps + 2) * 8) / 6) + 8);
  const began = performance.now();
  const index = openPictures("imagefolder", { directory: jpegs });
  const { pictures } = await copyPictures(index, {
    out: copies,
    shorterSide: 256,
    workers: availableParallelism(),
  });
  const copyMs = (performance.now() - began) / pictures;
  const step = compileStep();
  const sources = {
    memory: async () => ({ batches: sameBatch(step), close: async () => {} }),
    JPEG: async () => onDisk(jpegs),
    copies: async () => onDisk(copies),
  };
  const onDisk = (folder) => {
    const opened = openBatches(openPictures("imagefolder", { directory: folder }), {
      ...{ seed: 1, batchSize: batch, testBatchSize: batch, size, workers },
    });
    return { batches: epochs(opened), close: () => opened.close() };
  };
  const found = Object.fromEntries(Object.keys(sources).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, open] of Object.entries(sources)) {
      const { batches, close } = await open();
      found[name].push(...(await timeSteps(step, batches)));
      await close();
    }
  }
  const rows = Object.entries(found).map(([source, times]) => {
    const stepMs = median(times.map(({ whole }) => whole));
    const bestMs = Math.min(...times.map(({ whole }) => whole));
    return {
      source,
      stepMs,
      bestMs,
      waitMs: median(times.map(({ wait }) => wait)),
      picturesPerSecond: (1000 * batch) / stepMs,
    };
  });
  const machine = `${cpus()[0].model}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}`;
  const facts = { model: values.model, recipe: values.recipe, batch, size, workers, copyMs };
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ machine, ...facts, rows })}\n`);
  } else {
    console.log(`${values.model} ${values.recipe}, batches of ${batch} at ${size} px, ${workers} workers`);
    for (const { source, stepMs, bestMs, waitMs, picturesPerSecond } of rows) {
      const rate = `${picturesPerSecond.toFixed(1)} pictures/s`;
      console.log(
        `${source.padEnd(7)} ${stepMs.toFixed(0)} ms a step (best ${bestMs.toFixed(0)}), ${waitMs.toFixed(0)} of them waiting; ${rate}`,
      );
    }
    console.log(`a copy takes ${copyMs.toFixed(0)} ms a picture with ${availableParallelism()} workers`);
    console.log(machine);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
