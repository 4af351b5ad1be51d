/**
 * The networks of the step comparison in Roundoff: (recipe, batch, size) → `{ step, report }`: a function that runs one training
 * step, and one that tells what the last one gave. The same networks as in torch_nets.py. Needs the built package (`npm run setup`).
 */
import { selectKernels } from "../../dist/kernels/select.js";
import { SGD } from "../../dist/optim/optimizers.js";
import { recipe } from "../../dist/recipes/catalog.js";
import { compileTrainStep } from "../../dist/train/train-step.js";
import { IMAGE_NETS, imageStart, SEED } from "./image-start.mjs";
import { SEQUENCE_NETS } from "./sequence-nets.mjs";

const imageStep = (name, recipeName, batch, size) => {
  const { model, state, batchShape, images, labels } = imageStart(name, batch, size);
  const train = compileTrainStep(model, {
    recipe: recipe(recipeName),
    kernels: selectKernels({}).kernels,
    batchShape,
    state,
    optimizer: new SGD({ lr: 1e-2, momentum: 0.9 }),
    seed: SEED,
  });
  train.images.set(images);
  train.labels.set(labels);
  return { train, state };
};

const imageNet = (name) => (recipeName, batch, size) => {
  const { train, state } = imageStep(name, recipeName, batch, size);
  const momentum = (layer) => [...state.get(`${layer}.weight.momentum`).data];
  let count = 0;
  let loss = Number.NaN;
  return {
    async step() {
      ({ loss } = await train.run(count++));
    },
    report: () => ({ loss, momentum: { conv1: momentum("conv1"), fc: momentum("fc") } }),
  };
};

const planned = (net) => (recipeName, batch, size) => {
  const { plan, externals } = net(recipeName, batch, size);
  const program = selectKernels({}).kernels.prepare(plan, externals);
  return { step: () => program.run(), report: () => ({}) };
};

export const NETS = {
  ...Object.fromEntries(Object.entries(SEQUENCE_NETS).map(([name, net]) => [name, planned(net)])),
  ...Object.fromEntries(IMAGE_NETS.map((name) => [name, imageNet(name)])),
};

const imagePlan = (name) => (recipeName, batch, size) => {
  const { train } = imageStep(name, recipeName, batch, size);
  train.control(0);
  return { plan: train.plan.built.plan, externals: train.plan.externals };
};

/** The plan of one training step, and arrays for it. */
export const PLANS = {
  ...SEQUENCE_NETS,
  ...Object.fromEntries(IMAGE_NETS.map((name) => [name, imagePlan(name)])),
};
