/**
 * Weights of a checkpoint under PyTorch's names and in PyTorch's layouts, and back. Keeps the type in which the recipe keeps them:
 * FP16 masters go out as F16. Optimizer state stays behind.
 */
import { RoundoffError, require } from "../base/errors.ts";
import { readSafetensors, writeSafetensors } from "../data/safetensors.ts";
import { float32Tensor, type StoredTensor } from "../data/safetensors-dtype.ts";
import { FORMATS } from "../formats/catalog.ts";
import { modelDefinition } from "../models/catalog.ts";
import type { Classifier } from "../models/classifier.ts";
import { createModel, type ImageTask } from "../models/model.ts";
import { namedStates } from "../nn/index.ts";
import type { StateDict } from "../nn/state-dict.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import type { InitialWeights } from "../train/initial-weights.ts";
import { sha256 } from "../train/manifest.ts";
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
 * Gives a model of the catalogue the weights of a PyTorch model of the same build. `task` is what the model was made for.
 * Throws as `Module.loadStateDict` does for names and shapes; `strict: false` takes what fits, but not nothing.
 */
export function loadWeights(
  model: Classifier,
  dict: StateDict,
  task: ImageTask,
  { strict = true }: { readonly strict?: boolean } = {},
): void {
  const images = flattenedReaders(model, task);
  const ours: StateDict = new Map();
  for (const [name, entry] of dict) {
    const { shape, data } = entry;
    const image = images.get(name);
    const fits = image !== undefined && shape.length === 2 && shape[1] === image[0] * image[1] * image[2];
    ours.set(name, fits ? { shape, data: reorderColumns(data, image, { back: true }) } : entry);
  }
  const known = namedStates(model).some(([name]) => dict.has(name));
  require(strict || known, "INVALID_ARGUMENT", () => ({
    what: "the state dict has no tensor of the model",
    expected: `names such as ${namedStates(model)[0][0]}`,
    received: [...dict.keys()].slice(0, 3).join(", ") || "no tensors",
  }));
  model.loadStateDict(ours, { strict });
}

/**
 * The tensors of a safetensors file by name: F32, F16, BF16 and the FP8 types, whose values FP32 holds exactly. PyTorch's
 * counters of batches are left out. Throws DATA_CORRUPT, or UNSUPPORTED for other types.
 */
export function readStateDict(file: Uint8Array): StateDict {
  const formats = storedFormats(FORMATS);
  const named = [...readSafetensors(file).tensors].filter(
    ([name]) => !/(^|\.)num_batches_tracked$/.test(name),
  );
  return new Map(
    named.map(([name, tensor]) => [name, { shape: tensor.shape, data: loadState(tensor, formats) }]),
  );
}

/** A state dict as a safetensors file of F32, as PyTorch reads it. */
export function writeStateDict(dict: StateDict): Uint8Array {
  const tensors = [...dict].map(([name, { shape, data }]) => [name, float32Tensor(data, shape)] as const);
  return writeSafetensors(new Map(tensors), { format: "pt" });
}

/** A safetensors file as the beginning of a run. `strict` as in `loadWeights`. Throws as `readStateDict` does. */
export function initialWeights(file: Uint8Array, options: { readonly strict: boolean }): InitialWeights {
  const dict = readStateDict(file);
  return {
    sha256: sha256(file),
    loadInto: (model, task) => loadWeights(model, dict, task, options),
  };
}
