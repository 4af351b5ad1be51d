/**
 * Sets of pictures that a user has as files of arrays, by name: `npz` (one file), `idx` and `cifar100` (folders). Read whole
 * into memory. Nothing says what their bytes should be: their hash says what they were.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { require, unreadable } from "../../base/errors.ts";
import { type ImageSplits, type LabelledImages, labelledImages, pixelStatistics } from "../image-set.ts";
import { sha256Hex } from "../payload.ts";
import {
  type ArraySplits,
  cifarSplits,
  idxSplits,
  npzSplits,
  type Pictures,
  type ReadFile,
} from "./array-splits.ts";

const SETS = {
  npz: { place: "FILE.npz", read: (read, path) => npzSplits(read(""), basename(path)) },
  idx: { place: "DIR", read: (read) => idxSplits(read) },
  cifar100: { place: "DIR", read: (read) => cifarSplits(read, 100) },
} as const satisfies Record<
  string,
  { readonly place: string; readonly read: (read: ReadFile, path: string) => ArraySplits }
>;
export type ArraySetName = keyof typeof SETS;
export const ARRAY_SETS = Object.keys(SETS) as readonly ArraySetName[];

export function isArraySet(name: string): name is ArraySetName {
  return Object.hasOwn(SETS, name);
}

/** Throws INVALID_ARGUMENT without a path, DATA_MISSING or FILE_UNREADABLE for its files, and as the readers of arrays do. */
export function openArrays(name: ArraySetName, path: string | undefined): ImageSplits {
  const { place, read } = SETS[name];
  require(path !== undefined, "INVALID_ARGUMENT", () => ({
    what: `data set ${name} is wherever you have it`,
    expected: `--data ${name}:${place}`,
  }));
  const hashes: string[] = [];
  const splits = read((file) => {
    const bytes = readWhole(file === "" ? path : join(path, file));
    hashes.push(`${sha256Hex(bytes)}  ${file}\n`);
    return bytes;
  }, path);
  const sha256 = sha256Hex(hashes.join(""));
  const classes = splits.classes ?? Math.max(2, 1 + largestLabel(splits));
  const whole = (pictures: Pictures): LabelledImages =>
    labelledImages({ ...pictures, name: path, classes, sha256 });
  const [train, test] = [whole(splits.train), whole(splits.test)];
  requireOneSize(path, train, test);
  const statistics = pixelStatistics(train.images);
  return {
    train: { ...train, ...statistics },
    test: { ...test, ...statistics },
    provenance: { name, path, source: "directory", sha256 },
  };
}

function largestLabel({ train, test }: ArraySplits): number {
  return [train, test].reduce(
    (most, { labels }) => labels.reduce((above, label) => Math.max(above, label), most),
    0,
  );
}

function requireOneSize(path: string, train: LabelledImages, test: LabelledImages): void {
  const sizes = [train, test].map(({ height, width, channels }) => `${height}×${width}×${channels}`);
  require(sizes[0] === sizes[1], "DATA_CORRUPT", () => ({
    what: `the pictures of the two splits of ${path} differ in size`,
    expected: sizes[0],
    received: sizes[1],
  }));
}

/** Bytes that a byte of gzip becomes at most. */
const MAX_EXPANSION = 1100;

/** A file, or the same name with `.gz`, unpacked. */
function readWhole(path: string): Uint8Array {
  const there = [path, `${path}.gz`].find((name) => existsSync(name));
  require(there !== undefined, "DATA_MISSING", () => ({ what: `there is no ${path}, and no ${path}.gz` }));
  try {
    const bytes = readFileSync(there);
    const isGzip = bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
    return isGzip ? gunzipSync(bytes, { maxOutputLength: MAX_EXPANSION * bytes.length }) : bytes;
  } catch (cause) {
    throw unreadable(there, cause);
  }
}
