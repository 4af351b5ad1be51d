/**
 * Pictures and labels out of files of arrays: an npz as Keras' data sets come, the four IDX files of the MNIST family, CIFAR's
 * binary batches. From bytes to splits; knows nothing of disks.
 */
import { RoundoffError, require } from "../../base/errors.ts";
import { readCifar } from "../cifar.ts";
import { readIdx } from "../idx.ts";
import type { LabelledImages } from "../image-set.ts";
import { readNpz } from "../npz.ts";
import type { StoredTensor } from "../safetensors-dtype.ts";

export type Pictures = Pick<LabelledImages, "images" | "height" | "width" | "channels" | "labels">;

export interface ArraySplits {
  readonly train: Pictures;
  readonly test: Pictures;
  /** Absent: one more than the largest label. */
  readonly classes?: number;
}

/** The bytes of a file of the set, by its name within the set. */
export type ReadFile = (name: string) => Uint8Array;

/** `x_train`, `y_train`, `x_test`, `y_test`: bytes [N, H, W] or [N, H, W, C], whole numbers [N] or [N, 1]. Throws DATA_CORRUPT or UNSUPPORTED. */
export function npzSplits(file: Uint8Array, name: string): ArraySplits {
  const arrays = readNpz(file, name);
  const array = (key: string): StoredTensor => {
    const found = arrays.get(key);
    require(found !== undefined, "DATA_CORRUPT", () => ({
      what: `${name} has no array "${key}"`,
      expected: "x_train, y_train, x_test and y_test",
      received: [...arrays.keys()].join(", ") || "no arrays",
    }));
    return found;
  };
  const split = (part: string): Pictures => ({
    ...pixelsOf(array(`x_${part}`), `${name}: x_${part}`),
    labels: labelsOf(array(`y_${part}`), `${name}: y_${part}`),
  });
  return { train: split("train"), test: split("test") };
}

function pixelsOf({ dtype, shape, bytes }: StoredTensor, name: string): Omit<Pictures, "labels"> {
  const [, height, width, channels = 1] = shape;
  require(dtype === "U8" && (shape.length === 3 || shape.length === 4), "UNSUPPORTED", () => ({
    what: `${name} cannot be read as pictures`,
    expected: "bytes (uint8) of the shape [N, H, W] or [N, H, W, C]",
    received: `${dtype} [${shape.join(", ")}]`,
    hint: "Save pixels from 0 to 255 as numpy.uint8, channels last.",
  }));
  return { images: bytes, height, width, channels };
}

/** How a whole number of each type is read. */
const READERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  U8: (view, at) => view.getUint8(at),
  I8: (view, at) => view.getInt8(at),
  U16: (view, at) => view.getUint16(at, true),
  I16: (view, at) => view.getInt16(at, true),
  U32: (view, at) => view.getUint32(at, true),
  I32: (view, at) => view.getInt32(at, true),
  U64: (view, at) => Number(view.getBigUint64(at, true)),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
};

function labelsOf({ dtype, shape, bytes }: StoredTensor, name: string): Uint8Array {
  const read = READERS[dtype];
  const [count = 0, columns = 1] = shape;
  require(read !== undefined && shape.length <= 2 && columns === 1, "UNSUPPORTED", () => ({
    what: `${name} cannot be read as labels`,
    expected: "whole numbers of the shape [N] or [N, 1]",
    received: `${dtype} [${shape.join(", ")}]`,
  }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const label = read(view, (i * bytes.length) / count);
    if (label < 0 || label > 255) {
      throw new RoundoffError("DATA_CORRUPT", {
        what: `label ${i} of ${name} is not a class`,
        expected: "0 to 255",
        received: String(label),
      });
    }
    labels[i] = label;
  }
  return labels;
}

/** The files of MNIST and of the sets that took its names. Throws DATA_CORRUPT. */
export function idxSplits(read: ReadFile): ArraySplits {
  const split = (part: string): Pictures => {
    const [imagesName, labelsName] = [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`];
    const images = readIdx(read(imagesName), { rank: 3, name: imagesName });
    const labels = readIdx(read(labelsName), { rank: 1, name: labelsName });
    const [, height, width] = images.shape;
    return { images: images.elements, height, width, channels: 1, labels: labels.elements };
  };
  return { train: split("train"), test: split("t10k") };
}

/** The files of CIFAR's binary version; the labels of CIFAR-100 are the fine ones. Throws DATA_CORRUPT. */
export function cifarSplits(read: ReadFile, classes: 10 | 100): ArraySplits & { readonly classes: number } {
  const [training, test] =
    classes === 10
      ? [[1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`), "test_batch.bin"]
      : [["train.bin"], "test.bin"];
  const split = (names: readonly string[]): Pictures => {
    const batches = names.map((name) => readCifar(read(name), { classes, name }));
    const joined = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    return {
      images: joined(batches.map(({ images }) => images)),
      labels: joined(batches.map(({ labels }) => labels)),
      height: 32,
      width: 32,
      channels: 3,
    };
  };
  return { train: split(training), test: split([test]), classes };
}
