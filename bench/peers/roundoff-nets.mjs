/**
 * The networks of the step comparison in Roundoff: (recipe, batch, size) → a function that runs one training step. The
 * same networks as in torch_nets.py. Needs the built package (`npm run setup`).
 */
import { selectKernels } from "../../dist/kernels/select.js";
import { modelDefinition } from "../../dist/models/catalog.js";
import { createModel } from "../../dist/models/model.js";
import { SGD } from "../../dist/optim/optimizers.js";
import { randomStream } from "../../dist/random/streams.js";
import { recipe } from "../../dist/recipes/catalog.js";
import { initialState } from "../../dist/train/model-state.js";
import { compileTrainStep } from "../../dist/train/train-step.js";
import { SEQUENCE_NETS } from "./sequence-nets.mjs";

const SEED = 1;
const CLASSES = 10;

const imageNet =
  (name, channels, defaultSize) =>
  (recipeName, batch, size = defaultSize) => {
    const model = createModel(modelDefinition(name), { channels, size, classes: CLASSES });
    const step = compileTrainStep(model, {
      recipe: recipe(recipeName),
      kernels: selectKernels({}).kernels,
      batchShape: [batch, size, size, channels],
      state: initialState(model, SEED),
      optimizer: new SGD({ lr: 1e-4, momentum: 0.9 }),
      seed: SEED,
    });
    const random = randomStream({ seed: SEED, stream: "augment" });
    for (let i = 0; i < step.images.length; i++) step.images[i] = random.normal();
    for (let i = 0; i < step.labels.length; i++) step.labels[i] = random.below(CLASSES);
    let count = 0;
    return () => step.run(count++);
  };

const planned = (net) => (recipeName, batch, size) => {
  const { plan, externals } = net(recipeName, batch, size);
  const program = selectKernels({}).kernels.prepare(plan, externals);
  return () => program.run();
};

export const NETS = {
  ...Object.fromEntries(Object.entries(SEQUENCE_NETS).map(([name, net]) => [name, planned(net)])),
  resnet20: imageNet("resnet20", 1, 32),
  resnet18: imageNet("resnet18", 3, 224),
  resnet50: imageNet("resnet50", 3, 224),
};
