/**
 * The process that is killed: one tiny run on made-up pictures, from the built package, always with resume. Says on stdout in
 * which part of its life it is. With --self-kill N it kills itself at the N-th file operation of its checkpoints.
 * Usage: node child.mjs RECIPE OUT [--self-kill N]
 */

import { writeSync } from "node:fs";
import * as fs from "node:fs/promises";

const [recipe, out, , selfKill] = process.argv.slice(2);
const say = (phase) => writeSync(1, `${phase}\n`);
say("start");

const { selectKernels } = await import("../../dist/kernels/select.js");
const { train } = await import("../../dist/train/run.js");

/** Pictures with one bright square each, by class. */
function pictures(count) {
  const labels = Uint8Array.from({ length: count }, (_, i) => (7 * i) % 10);
  const images = Uint8Array.from({ length: count * 784 }, (_, i) => {
    const [example, row, column] = [Math.floor(i / 784), Math.floor((i % 784) / 28), i % 28];
    return Math.floor(row / 6) * 2 + Math.floor(column / 14) === labels[example] ? 200 : (i * 31) % 64;
  });
  const shape = { height: 28, width: 28, channels: 1, classes: 10 };
  return { name: "made-up", images, labels, ...shape, mean: 0.2, std: 0.25, sha256: "0" };
}

const data = {
  train: pictures(96),
  test: pictures(20),
  provenance: { name: "made-up", path: "none", source: "directory", sha256: "0" },
};

let operations = 0;
/** Every file operation of a checkpoint is a place to be killed at: before it, as the state after it is that before the next. */
function mortal(action) {
  return async (...args) => {
    say("checkpoint");
    if (++operations === Number(selfKill)) process.kill(process.pid, "SIGKILL");
    return action(...args);
  };
}
const open = mortal(async (...args) => {
  const handle = await fs.open(...args);
  return Object.assign(handle, {
    write: mortal(handle.write.bind(handle)),
    sync: mortal(handle.sync.bind(handle)),
  });
});
const files = { open, mkdir: mortal(fs.mkdir), rename: mortal(fs.rename), rm: mortal(fs.rm) };

const { kernels } = selectKernels({ threads: 1 });
say("prepare");
const result = await train({
  config: {
    model: "lenet",
    modelOptions: { width: 2 },
    data: "made-up",
    recipe,
    epochs: 4,
    seed: 11,
    batchSize: 8,
    optimizer: {
      learningRate: 0.05,
      momentum: 0.9,
      weightDecay: 1e-4,
      schedule: { kind: "cosine", warmupSteps: 2 },
    },
  },
  data,
  kernels,
  kernelRecord: { name: kernels.name, tier: "any", threads: 1, cpu: "any" },
  out,
  resume: true,
  checkpointEvery: 5,
  command: "kills",
  files,
  onProgress: ({ phase }) => say(phase),
});
say(`done ${result.steps}`);
