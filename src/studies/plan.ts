/**
 * The runs that a study asks for, each with its settings and the command that makes it again, and which of them an archive
 * holds. Knows nothing of training.
 */
import { join } from "node:path";
import { modelDefinition } from "../models/catalog.ts";
import { recipe as recipeNamed } from "../recipes/catalog.ts";
import { parseRecord } from "../runlog/parse.ts";
import { trainCommand } from "../train/command.ts";
import { checkConfig, type TrainConfig } from "../train/config.ts";
import { ARCHIVE_FILE, type Archive } from "./archive.ts";
import { type RunPlace, resultOf } from "./results.ts";
import type { RunResult } from "./run-result.ts";
import { type StudySetting, type StudySpec, type Variant, variantOf } from "./spec.ts";

export interface PlannedRun {
  readonly place: RunPlace;
  readonly config: TrainConfig;
}

/** A run that was made elsewhere counts if it is the very run that this study would make. */
export function archivedResult({ place, config }: PlannedRun, archive: Archive): RunResult | undefined {
  const record = archive.get(commandOf(place, config));
  if (record === undefined) return undefined;
  return resultOf(place, parseRecord(record, ARCHIVE_FILE), { recordPath: ARCHIVE_FILE });
}

/** The results of those runs of the study that the archive holds. */
export function archivedResults(spec: StudySpec, archive: Archive): readonly RunResult[] {
  return planRuns(spec, "").flatMap((run) => archivedResult(run, archive) ?? []);
}

/** All runs, seed by seed, so that an interrupted study has whole seeds rather than whole recipes. Checks every name. */
export function planRuns(spec: StudySpec, out: string): PlannedRun[] {
  return spec.settings.flatMap((setting) => {
    modelDefinition(setting.model);
    for (const name of setting.recipes) recipeNamed(variantOf(spec, name).recipe);
    return spec.seeds.flatMap((seed) =>
      setting.recipes.map((recipe) => ({
        place: {
          setting: setting.id,
          recipe,
          seed,
          directory: join(out, "runs", setting.id, `${recipe}-seed${seed}`),
        },
        config: checkConfig(runConfig(setting, variantOf(spec, recipe), seed)),
      })),
    );
  });
}

function runConfig(
  setting: StudySetting,
  { recipe, batchOrder, seedOffset = 0 }: Variant,
  seed: number,
): TrainConfig {
  const { model, modelOptions, data, epochs, batchSize, trainLimit, testLimit, optimizer, telemetryEvery } =
    setting;
  return {
    model,
    modelOptions,
    data,
    recipe,
    epochs,
    seed: seed + seedOffset,
    batchSize,
    trainLimit,
    testLimit,
    optimizer,
    telemetryEvery,
    batchOrder,
  };
}

/** Without the root of the output, so that equal studies in different folders have equal records. */
export function commandOf({ setting, recipe, seed }: RunPlace, config: TrainConfig): string {
  return trainCommand(config, join("runs", setting, `${recipe}-seed${seed}`));
}
