/**
 * Fused and unfused programs of whole training steps: every state, loss and count of two steps is equal to the bit, on every kernel
 * set, for every way to round, with one thread and two. What single commands do is tested in kernels/conformance/epilogue.test.ts.
 */
import { describe, expect, it } from "vitest";
import { differences } from "../src/kernels/conformance/differences.ts";
import { implementations, leftOut } from "../src/kernels/conformance/implementations.ts";
import type { KernelSet } from "../src/kernels/contract.ts";
import { createReferenceKernels } from "../src/kernels/reference/kernel-set.ts";
import { modelDefinition } from "../src/models/catalog.ts";
import { createModel } from "../src/models/model.ts";
import { SGD } from "../src/optim/optimizers.ts";
import { randomStream } from "../src/random/streams.ts";
import { recipe } from "../src/recipes/catalog.ts";
import { initialState } from "../src/train/model-state.ts";
import { compileTrainStep } from "../src/train/train-step.ts";

const BATCH = 2;
const CHANNELS = 2;
const CLASSES = 5;

/** Odd widths, so that no row fills a vector; bottlenecks, shortcuts with and without convolution, biases. */
const NETS = [
  { name: "resnet20", size: 11, options: { width: 3, blocks: 2, stemStride: 1 } },
  { name: "resnet50", size: 11, options: { width: 2, stemKernel: 3 } },
  { name: "lenet", size: 16, options: { width: 3 } },
] as const;
const RECIPES = ["fp32", "bf16", "int16", "fp8", "fp16", "int8", "nvfp4"] as const;

interface Variant {
  readonly kernels: KernelSet;
  readonly fusion: boolean;
}

function compiled({ name, size, options }: (typeof NETS)[number], recipeName: string, variant: Variant) {
  const model = createModel(modelDefinition(name), { channels: CHANNELS, size, classes: CLASSES }, options);
  const step = compileTrainStep(model, {
    ...variant,
    recipe: recipe(recipeName),
    batchShape: [BATCH, size, size, CHANNELS],
    state: initialState(model, 1),
    optimizer: new SGD({ lr: 0.05, momentum: 0.9, weightDecay: 1e-4 }),
    seed: 1,
  });
  const random = randomStream({ seed: 3, stream: "augment" });
  step.images.set(Array.from(step.images, () => random.normal()));
  step.labels.set(Array.from(step.labels, () => random.below(CLASSES)));
  return step;
}

type Compiled = ReturnType<typeof compiled>;

/** Two steps of each; what differs afterwards, by name. */
async function unequal(one: Compiled, other: Compiled): Promise<[string, string[]][]> {
  for (const step of [0, 1]) await Promise.all([one.run(step), other.run(step)]);
  return [...one.plan.externals]
    .map(([name, array]): [string, string[]] => [name, differences(other.plan.externals.get(name)!, array)])
    .filter(([, places]) => places.length > 0);
}

it.skip.each(leftOut())("%s", () => undefined);

describe.each(NETS)("$name", (net) => {
  // The planner of memory is greedy: a few bytes more may come of fewer tensors.
  it.each(RECIPES)("%s: fewer commands, and no larger an arena", (recipeName) => {
    const kernels = createReferenceKernels();
    const [unfused, fused] = [false, true].map(
      (fusion) => compiled(net, recipeName, { kernels, fusion }).plan.built.plan,
    );
    expect(fused.commands.length).toBeLessThan(unfused.commands.length);
    expect(fused.arenaBytes).toBeLessThanOrEqual(1.03 * unfused.arenaBytes);
  });

  describe.each(implementations())("$name", ({ kernels, withThreads }) => {
    const fusedOn = withThreads === undefined ? [kernels] : [kernels, withThreads(1)];

    it.each(RECIPES)("%s", async (recipeName) => {
      for (const set of fusedOn) {
        const unfused = compiled(net, recipeName, { kernels, fusion: false });
        const fused = compiled(net, recipeName, { kernels: set, fusion: true });
        expect(await unequal(unfused, fused)).toEqual([]);
      }
    });

    it("pictures with Inf", async () => {
      const [unfused, fused] = [false, true].map((fusion) => compiled(net, "bf16", { kernels, fusion }));
      for (const { images } of [unfused, fused]) images[7] = Infinity;
      expect(await unequal(unfused, fused)).toEqual([]);
    });
  });
});
