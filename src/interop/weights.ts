/**
 * Weights of a checkpoint under PyTorch's names and in PyTorch's layouts, and back. Keeps the type in which the recipe keeps them:
 * FP16 masters go out as F16. Optimizer state stays behind.
 */
import { RoundoffError } from "../base/errors.ts";
import type { StoredTensor } from "../data/safetensors-dtype.ts";
import { FORMATS } from "../formats/catalog.ts";
import { modelDefinition } from "../models/catalog.ts";
import type { Classifier } from "../models/classifier.ts";
import { createModel, type ImageTask } from "../models/model.ts";
import { namedStates } from "../nn/index.ts";
import type { StateDict } from "../nn/state-dict.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { loadState, storedFormats, storeState } from "../train/state-codec.ts";
import { flattenedReaders, reorderColumns } from "./flatten-order.ts";

/** The model of a checkpoint with the checkpoint's numbers. Throws DATA_CORRUPT when one is missing. */
export function modelOfCheckpoint({ path, manifest, tensors }: Omit<Checkpoint, "passedOver">): Classifier {
  const { config, task } = manifest;
  const model = createModel(modelDefinition(config.model), task, config.modelOptions);
  model.stateDict();
  const formats = storedFormats(FORMATS);
  for (const [name, member] of namedStates(model)) {
    const stored = tensors.get(name);
    const values = stored === undefined ? undefined : loadState(stored, formats);
    if (values?.length !== member.data!.length) {
      throw new RoundoffError("DATA_CORRUPT", {
        what: `checkpoint "${path}" does not hold "${name}" of model "${config.model}" in the right size`,
      });
    }
    member.data!.set(values);
  }
  return model;
}

/** The parameters and statistics of a checkpoint as tensors of a file. */
export function checkpointWeights(checkpoint: Omit<Checkpoint, "passedOver">): Map<string, StoredTensor> {
  const formats = storedFormats(FORMATS);
  const model = modelOfCheckpoint(checkpoint);
  const images = flattenedReaders(model, checkpoint.manifest.task);
  const weights = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of model.stateDict()) {
    const image = images.get(name);
    const ordered = image === undefined ? data : reorderColumns(data, image);
    const { dtype } = checkpoint.tensors.get(name)!;
    weights.set(name, storeState({ shape, data: ordered }, formats.get(dtype)));
  }
  return weights;
}

/**
 * Gives a model the weights of a file: F32, F16, BF16 and the FP8 types, whose values FP32 holds exactly. `task` is what the
 * model was made for. Throws UNSUPPORTED for other types, and as `Module.loadStateDict` does for names and shapes.
 */
export function loadWeights(
  model: Classifier,
  tensors: ReadonlyMap<string, StoredTensor>,
  task: ImageTask,
  options: { readonly strict?: boolean } = {},
): void {
  const formats = storedFormats(FORMATS);
  const images = flattenedReaders(model, task);
  const dict: StateDict = new Map();
  for (const [name, stored] of tensors) {
    // PyTorch counts the batches of batch norm in 64-bit integers; nothing here depends on them.
    if (name.split(".").at(-1) === "num_batches_tracked") continue;
    const data = loadState(stored, formats);
    const image = images.get(name);
    dict.set(name, {
      shape: stored.shape,
      data: image === undefined ? data : reorderColumns(data, image, { back: true }),
    });
  }
  model.loadStateDict(dict, options);
}
