/**
 * The common start of a comparison, read from the file that bench/peers/start.mjs wrote: weights, pictures and labels.
 * Pictures are NHWC and convolutions OHWI, as Roundoff keeps them.
 */
import { readFileSync } from "node:fs";
import { readSafetensors } from "../../../dist/data/safetensors.js";
import { asFloat32, asInt32 } from "../../../dist/data/safetensors-dtype.js";

/** `parameters`: Map from name to `{ shape, data }`; `images` likewise; `labels`: Int32Array. */
export function readStart(path) {
  const { tensors } = readSafetensors(readFileSync(path));
  const floats = (name) => ({ shape: tensors.get(name).shape, data: asFloat32(tensors.get(name)) });
  const parameters = [...tensors.keys()].filter((name) => !/^images$|^labels$|\.running_/.test(name));
  return {
    parameters: new Map(parameters.map((name) => [name, floats(name)])),
    images: floats("images"),
    labels: asInt32(tensors.get("labels")),
  };
}

/** A four-dimensional array with its axes in another order, as `transpose` of NumPy gives it. */
export function permuted({ shape, data }, order) {
  const to = order.map((axis) => shape[axis]);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [s0, s1, s2, s3] = order.map((axis) => strides[axis]);
  const out = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < to[0]; i++)
    for (let j = 0; j < to[1]; j++)
      for (let k = 0; k < to[2]; k++)
        for (let l = 0; l < to[3]; l++) out[at++] = data[i * s0 + j * s1 + k * s2 + l * s3];
  return { shape: to, data: out };
}
