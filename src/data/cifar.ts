/**
 * Reads CIFAR batches in their binary version: records of one label byte (CIFAR-100: coarse, then fine) and 3 × 32 × 32 pixels,
 * plane by plane. Source: A. Krizhevsky, "The CIFAR-10 dataset", section "Binary version".
 */
import { RoundoffError } from "../base/errors.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
const CHANNELS = 3;

export interface CifarBatch {
  /** [examples, 32, 32, 3]: the planes woven together, as every loader here wants them. */
  readonly images: Uint8Array;
  /** [examples]; of CIFAR-100 the fine ones. */
  readonly labels: Uint8Array;
}

/** Reads a batch of `classes` = 10 or 100; `name` is for messages. Throws DATA_CORRUPT. */
export function readCifar(
  bytes: Uint8Array,
  options: { readonly classes: 10 | 100; readonly name: string },
): CifarBatch {
  const { classes, name } = options;
  const labelBytes = classes === 100 ? 2 : 1;
  const record = labelBytes + CHANNELS * PLANE;
  const examples = bytes.length / record;
  if (examples === 0 || !Number.isInteger(examples)) {
    throw new RoundoffError("DATA_CORRUPT", {
      what: `${name} is not a CIFAR-${classes} batch`,
      expected: `a multiple of ${record} bytes`,
      received: `${bytes.length} bytes`,
    });
  }
  const images = new Uint8Array(examples * CHANNELS * PLANE);
  const labels = new Uint8Array(examples);
  for (let example = 0; example < examples; example++) {
    const at = example * record;
    labels[example] = bytes[at + labelBytes - 1];
    if (labels[example] >= classes) throw wrongLabel(name, example, labels[example], classes);
    for (let channel = 0; channel < CHANNELS; channel++) {
      const plane = at + labelBytes + channel * PLANE;
      const first = example * CHANNELS * PLANE + channel;
      for (let pixel = 0; pixel < PLANE; pixel++) images[first + pixel * CHANNELS] = bytes[plane + pixel];
    }
  }
  return { images, labels };
}

function wrongLabel(name: string, example: number, label: number, classes: number): RoundoffError {
  return new RoundoffError("DATA_CORRUPT", {
    what: `label ${example} of ${name} is not a class`,
    expected: `0 to ${classes - 1}`,
    received: String(label),
  });
}
