/** A training step of one model under several recipes, on made-up pictures: what a recipe costs, not what it learns. */
import type { KernelSet } from "../../kernels/contract.ts";
import { modelDefinition } from "../../models/catalog.ts";
import { createModel } from "../../models/model.ts";
import { SGD } from "../../optim/optimizers.ts";
import type { Recipe } from "../../precision/recipe.ts";
import { randomStream } from "../../random/streams.ts";
import { recipe as findRecipe } from "../../recipes/catalog.ts";
import { initialState } from "../../train/model-state.ts";
import { compileTrainStep } from "../../train/train-step.ts";
import { type MeasureOptions, measure } from "./measure.ts";

export interface StepBenchOptions extends MeasureOptions {
  readonly model: string;
  readonly modelOptions?: Readonly<Record<string, number>>;
  /** What the rows are called; default: as the model. */
  readonly name?: string;
  readonly recipes: readonly string[];
  /** Pictures in a batch. */
  readonly batch: number;
  /** Rows and columns of a picture. */
  readonly image: number;
  readonly channels: number;
  /** Also every recipe with a pass over memory for every operation. */
  readonly unfused: boolean;
  readonly kernels: KernelSet;
}

export interface StepRow {
  readonly name: string;
  readonly recipe: string;
  readonly fusion: boolean;
  readonly medianMs: number;
  readonly bestMs: number;
  /** From the median. */
  readonly samplesPerSecond: number;
  /** Memory of everything that does not outlive a step. */
  readonly arenaBytes: number;
  /** medianMs over that of the first row; for the best steps too, which a busy machine disturbs less. */
  readonly ratioToFirst: number;
  readonly bestRatioToFirst: number;
}

const CLASSES = 10;
const SEED = 1;
/** Small, so that many steps on the same batch stay finite; the time does not depend on it. */
const LEARNING_RATE = 1e-4;

/** Times the steps. Throws UNKNOWN_NAME before any work when a name is wrong. */
export async function benchStep(options: StepBenchOptions): Promise<StepRow[]> {
  const definition = modelDefinition(options.model);
  const variants = options.unfused ? [true, false] : [true];
  const steps = options.recipes
    .map(findRecipe)
    .flatMap((recipe) => variants.map((fusion) => compileStep(options, definition, { recipe, fusion })));
  const timings = await measure(
    steps.map(({ recipe, run }) => ({ name: recipe, run })),
    options,
  );
  return timings.map(({ name, medianMs, bestMs }, i) => ({
    name: options.name ?? definition.name,
    recipe: name,
    fusion: steps[i].fusion,
    medianMs,
    bestMs,
    samplesPerSecond: (1000 * options.batch) / medianMs,
    arenaBytes: steps[i].arenaBytes,
    ratioToFirst: medianMs / timings[0].medianMs,
    bestRatioToFirst: bestMs / timings[0].bestMs,
  }));
}

function compileStep(
  { batch, image, channels, kernels, modelOptions }: StepBenchOptions,
  definition: ReturnType<typeof modelDefinition>,
  { recipe, fusion }: { readonly recipe: Recipe; readonly fusion: boolean },
) {
  const model = createModel(definition, { channels, size: image, classes: CLASSES }, modelOptions);
  const compiled = compileTrainStep(model, {
    recipe,
    kernels,
    batchShape: [batch, image, image, channels],
    state: initialState(model, SEED),
    optimizer: new SGD({ lr: LEARNING_RATE, momentum: 0.9 }),
    seed: SEED,
    fusion,
  });
  const random = randomStream({ seed: SEED, stream: "augment" });
  for (let i = 0; i < compiled.images.length; i++) compiled.images[i] = random.normal();
  for (let i = 0; i < compiled.labels.length; i++) compiled.labels[i] = random.below(CLASSES);
  let step = 0;
  return {
    recipe: recipe.name,
    fusion,
    arenaBytes: compiled.plan.built.plan.arenaBytes,
    run: async () => void (await compiled.run(step++)),
  };
}
