/**
 * Where all candidates of a comparison over pictures start: the weights of a model of the catalogue and one batch of random pictures, and
 * the same in a safetensors file for those that run elsewhere. Convolutions are OHWI there, pictures NHWC.
 */
import { writeFileSync } from "node:fs";
import { writeSafetensors } from "../../dist/data/safetensors.js";
import { float32Tensor, int32Tensor } from "../../dist/data/safetensors-dtype.js";
import { modelDefinition } from "../../dist/models/catalog.js";
import { createModel } from "../../dist/models/model.js";
import { randomStream } from "../../dist/random/streams.js";
import { initialState } from "../../dist/train/model-state.js";

export const SEED = 1;
const CHANNELS = 3;
const CLASSES = 10;
const DEFAULT_SIZES = { resnet20: 32, resnet18: 224, resnet50: 224 };

export const IMAGE_NETS = Object.keys(DEFAULT_SIZES);

/** Model, its first state and a batch; the same for equal arguments. */
export function imageStart(net, batch, size = DEFAULT_SIZES[net]) {
  const model = createModel(modelDefinition(net), { channels: CHANNELS, size, classes: CLASSES });
  const batchShape = [batch, size, size, CHANNELS];
  const random = randomStream({ seed: SEED, stream: "augment" });
  const images = Float32Array.from({ length: batch * size * size * CHANNELS }, () => random.normal());
  const labels = Int32Array.from({ length: batch }, () => random.below(CLASSES));
  return { model, state: initialState(model, SEED), batchShape, images, labels };
}

export function writeImageStart(path, { state, batchShape, images, labels }) {
  const tensors = [...state].map(([name, { shape, data }]) => [name, float32Tensor(data, shape)]);
  tensors.push(["images", float32Tensor(images, batchShape)]);
  tensors.push(["labels", int32Tensor(labels, [labels.length])]);
  writeFileSync(path, writeSafetensors(new Map(tensors)));
}
