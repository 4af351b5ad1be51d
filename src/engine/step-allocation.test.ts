/** What a training step leaves behind and what it takes on its way: in bytes of the heap after forced collections. */
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
/** A step that kept its results, its batch or one closure would keep more. */
const KEPT_BYTES = 256;

it("a step keeps nothing", async () => {
  const step = compileTrainStep(init(new Linear(4, 3)), {
    loss: (net, { x, labels }: { x: Tensor; labels: Tensor }) => crossEntropy(net.forward(x), labels),
    optimizer: new AdamW({ lr: 1e-3 }),
  });
  const x = new Float32Array(64 * 4);
  const run = async () => {
    for (let i = 0; i < STEPS; i++) {
      x[i % x.length] = i;
      await step({ x: tensor(x, { shape: [64, 4] }), labels: tensor(new Int32Array(64)) });
    }
    // Promises that ended release what they hold in later turns.
    await new Promise((done) => setImmediate(done));
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  await run();
  const before = await run();
  const after = await run();
  expect((after - before) / STEPS).toBeLessThan(KEPT_BYTES);
  expect(step.plans).toBe(1);
});
