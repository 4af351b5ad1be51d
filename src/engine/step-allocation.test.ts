/** What a training step leaves behind, in bytes of the heap and of arrays after forced collections. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Tensor } from "../graph/tensor.ts";
import { crossEntropy, init, Linear } from "../nn/index.ts";
import { AdamW } from "../optim/index.ts";
import { tensor } from "./eager.ts";
import { compileTrainStep } from "./train-step.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const STEPS = 500;
const ROWS = 256;
/** Generous: a step that kept its batch would keep five times as much; what the test's own tools keep is far less. */
const KEPT_BYTES = 1024;

it("a step keeps nothing", async () => {
  const step = compileTrainStep(init(new Linear(4, 3)), {
    loss: (net, { x, labels }: { x: Tensor; labels: Tensor }) => crossEntropy(net.forward(x), labels),
    optimizer: new AdamW({ lr: 1e-3 }),
  });
  const run = async () => {
    for (let i = 0; i < STEPS; i++) {
      const x = new Float32Array(ROWS * 4).fill(i / STEPS);
      await step({ x: tensor(x, { shape: [ROWS, 4] }), labels: tensor(new Int32Array(ROWS)) });
    }
    // Promises that ended release what they hold in later turns.
    await new Promise((done) => setImmediate(done));
    // Dead arrays are freed beside a collection; the next one waits until they are.
    for (let i = 0; i < 2; i++) collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  await run();
  const before = await run();
  const after = await run();
  expect((after - before) / STEPS).toBeLessThan(KEPT_BYTES);
  expect(step.plans).toBe(1);
});
