/** The first line of a run record: everything that is needed to make the same run again. */
import { readFileSync } from "node:fs";
import type { Recipe } from "../precision/recipe.ts";
import type { HeaderLine, Settings } from "../runlog/schema.ts";
import { RECORD_VERSION } from "../runlog/schema.ts";
import type { TrainOptions } from "./run.ts";

export function headerLine(
  options: TrainOptions,
  recipe: Recipe,
  trainRows: number,
  testRows: number,
): HeaderLine {
  const { config, data, initialWeights } = options;
  const { name, sha256, source } = data.provenance;
  return {
    type: "header",
    version: RECORD_VERSION,
    model: config.model,
    recipe: config.recipe,
    data: { name, sha256, source, trainRows, testRows },
    seed: config.seed,
    epochs: config.epochs,
    batchSize: config.batchSize,
    optimizer: { ...config.optimizer } as unknown as Settings,
    ...(initialWeights && { initialWeightsSha256: initialWeights.sha256 }),
    recipeSettings: recipeSettings(recipe, config.modelOptions),
    kernels: options.kernelRecord,
    command: options.command,
    roundoffVersion: packageVersion(),
    nodeVersion: process.version,
  };
}

function recipeSettings(recipe: Recipe, modelOptions: Readonly<Record<string, number>>): Settings {
  const choices = Object.fromEntries(recipe.choices.map(({ what, setting }) => [what, setting]));
  const options: Settings = recipe.options === undefined ? {} : { options: { ...recipe.options } };
  return { paper: recipe.paper, ...options, ...choices, modelOptions: { ...modelOptions } };
}

/** Works from src/ and from dist/: both lie one folder below the package. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
