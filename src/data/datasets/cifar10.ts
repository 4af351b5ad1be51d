/**
 * CIFAR-10: 50,000 + 10,000 colour pictures of 32×32 pixels in 10 balanced classes. The authors publish a hash of the archive only;
 * extracted batches are read too, and are then what the user says they are. Source: A. Krizhevsky, Learning Multiple Layers of
 * Features from Tiny Images, 2009. Length and SHA-256 of the archive as TensorFlow Datasets records them; not downloaded here.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RoundoffError, unreadable } from "../../base/errors.ts";
import { cifarSplits, type Pictures } from "../arrays/array-splits.ts";
import { channelStatistics, type ImageSplits, labelledImages } from "../image-set.ts";
import type { LocatedData } from "../locate.ts";
import { filePayload } from "../locate.ts";
import { sha256Hex } from "../payload.ts";
import type { DataSource } from "../source.ts";
import { readTar } from "../tar.ts";

const ARCHIVE = "cifar-10-binary.tar";
const FOLDER = "cifar-10-batches-bin";
const TRAIN = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);
const TEST = ["test_batch.bin"];
/** He et al. 2016, section 4.2: four pixels of padding on each side. */
const MAX_SHIFT = 4;

export const CIFAR10: DataSource = {
  name: "cifar10",
  description: "50,000 + 10,000 colour pictures of things and animals, 32×32, 10 classes",
  files: [
    {
      name: ARCHIVE,
      // Six batches of 30,730,000 bytes and two small texts.
      bytes: 185_000_000,
      sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
      hashed: "gzip",
    },
  ],
  rows: { train: 50_000, test: 10_000 },
  licence: "none stated by the authors; they ask for the citation",
  citation: "A. Krizhevsky. Learning Multiple Layers of Features from Tiny Images. 2009",
  addresses: ["https://www.cs.toronto.edu/~kriz"],
};

/** Decodes the located archive. Throws DATA_CORRUPT. */
export function loadCifar10(located: LocatedData): ImageSplits {
  const { source, place, path, sha256 } = located;
  const members = new Map(
    readTar(filePayload(located, ARCHIVE), ARCHIVE).map(({ name, bytes }) => [name, bytes]),
  );
  const read = (name: string): Uint8Array => {
    const bytes = members.get(`${FOLDER}/${name}`);
    if (bytes === undefined) {
      throw new RoundoffError("DATA_CORRUPT", { what: `${ARCHIVE}.gz has no ${FOLDER}/${name}` });
    }
    return bytes;
  };
  return splits(read, { name: source.name, path, source: place, sha256 });
}

/**
 * The extracted batches in `directory` or in its `cifar-10-batches-bin`; undefined when there are none. There is no hash to check
 * them by: the one in the result is of these files. Any number of pictures is taken. Throws DATA_MISSING or DATA_CORRUPT.
 */
export function loadExtractedCifar10(directory: string): ImageSplits | undefined {
  const folder = [directory, join(directory, FOLDER)].find((path) => existsSync(join(path, TRAIN[0])));
  if (folder === undefined) return undefined;
  const lines: string[] = [];
  const read = (name: string): Uint8Array => {
    const bytes = readIfThere(join(folder, name));
    if (bytes === undefined) {
      throw new RoundoffError("DATA_MISSING", {
        what: `${folder} lacks a batch of CIFAR-10`,
        expected: [...TRAIN, ...TEST].join(", "),
        received: `no ${name}`,
      });
    }
    lines.push(`${sha256Hex(bytes)}  ${name}\n`);
    return bytes;
  };
  const found = splits(read, { name: CIFAR10.name, path: folder, source: "directory", sha256: "" });
  const sha256 = sha256Hex(lines.join(""));
  return {
    train: { ...found.train, sha256 },
    test: { ...found.test, sha256 },
    provenance: { ...found.provenance, sha256 },
  };
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(path, cause);
  }
}

/** Both splits, normalised by the training pixels of each channel. */
function splits(read: (name: string) => Uint8Array, provenance: ImageSplits["provenance"]): ImageSplits {
  const { name, sha256 } = provenance;
  const { train, test, classes } = cifarSplits(read, 10);
  const whole = (pictures: Pictures) => labelledImages({ ...pictures, name, classes, sha256 });
  const statistics = channelStatistics(train.images, train.channels);
  return {
    train: { ...whole(train), ...statistics, maxShift: MAX_SHIFT },
    test: { ...whole(test), ...statistics },
    provenance,
  };
}
