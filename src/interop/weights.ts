/**
 * Weights of a checkpoint under PyTorch's names and in PyTorch's layouts, and back. Keeps the type in which the recipe keeps them:
 * FP16 masters go out as F16. Optimizer state stays behind.
 */
import { RoundoffError } from "../base/errors.ts";
import type { StoredTensor } from "../data/safetensors-dtype.ts";
import { FORMATS } from "../formats/catalog.ts";
import { modelDefinition } from "../models/catalog.ts";
import type { Classifier } from "../models/classifier.ts";
import { createModel } from "../models/model.ts";
import { namedStates } from "../nn/index.ts";
import type { StateDict } from "../nn/state-dict.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { loadState, storedFormats, storeState } from "../train/state-codec.ts";

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
  const weights = new Map<string, StoredTensor>();
  for (const [name, array] of modelOfCheckpoint(checkpoint).stateDict()) {
    const { dtype } = checkpoint.tensors.get(name)!;
    weights.set(name, storeState(array, formats.get(dtype)));
  }
  return weights;
}

/**
 * A state dict for `Module.loadStateDict` from the tensors of a file: F32, F16, BF16 and the FP8 types, whose values FP32 holds
 * exactly. Counters of batches (`num_batches_tracked`) are left out. Throws UNSUPPORTED for other types.
 */
export function stateDictOfTensors(tensors: ReadonlyMap<string, StoredTensor>): StateDict {
  const formats = storedFormats(FORMATS);
  const floats = [...tensors].filter(([name]) => !/(^|\.)num_batches_tracked$/.test(name));
  return new Map(
    floats.map(([name, stored]) => [name, { shape: stored.shape, data: loadState(stored, formats) }]),
  );
}
