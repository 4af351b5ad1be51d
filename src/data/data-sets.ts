/**
 * The catalogue of data sets, and what `roundoff data list|fetch|verify` and the trainers ask of it. A new set is one
 * more entry here and its record in datasets/.
 */
import { availableParallelism } from "node:os";
import { RoundoffError, require, unknownName } from "../base/errors.ts";
import { ARRAY_SETS, isArraySet, openArrays } from "./arrays/open-arrays.ts";
import type { TrainingData } from "./batches.ts";
import { CIFAR10, loadCifar10, loadExtractedCifar10 } from "./datasets/cifar10.ts";
import { FASHION_MNIST, loadFashionMnist } from "./datasets/fashion-mnist.ts";
import type { ImageSplits, Provenance } from "./image-set.ts";
import {
  isPictureSet,
  type OpenPicturesOptions,
  openPictures,
  PICTURE_SETS,
  unusablePictures,
} from "./images/open-pictures.ts";
import type { PictureIndex } from "./images/picture-index.ts";
import type { LocatedData, LocateOptions, Place } from "./locate.ts";
import { locate } from "./locate.ts";
import { sourceSha256 } from "./payload.ts";
import type { DataSource } from "./source.ts";

/** A source and the function that decodes it. */
export interface DataSet {
  readonly source: DataSource;
  readonly load: (located: LocatedData) => ImageSplits;
  /** Reads the set in another form than its source, whose bytes nobody vouches for, from a user's directory; undefined: it is not there. */
  readonly loadUnverified?: (directory: string) => ImageSplits | undefined;
}

export const DATA_SETS: readonly DataSet[] = [
  { source: FASHION_MNIST, load: loadFashionMnist },
  { source: CIFAR10, load: loadCifar10, loadUnverified: loadExtractedCifar10 },
];

/** One data set as the command line prints it. */
export interface DataSetRow {
  readonly name: string;
  /** Whether all files are on this machine with the right contents. */
  readonly present: boolean;
  /** The directory of the files; null when not present. */
  readonly path: string | null;
  /** Which kind of place that is; null when not present. */
  readonly source: Place | null;
  /** The hash that the set must have (and, if present, has). */
  readonly sha256: string;
  /** Training and test rows together. */
  readonly rows: number;
  readonly licence: string;
  /** Why the set is not present; null when it is. */
  readonly problem: string | null;
}

/** Where to look; what may be fetched is the command's choice. */
export type PlaceOptions = Omit<LocateOptions, "allowFetch">;

/** The set of this name, or UNKNOWN_NAME. */
export function dataSet(name: string): DataSet {
  require(!isOwnSet(name), "INVALID_ARGUMENT", () => ({
    what: `${name} is data of your own`,
    expected: "a data set with known files",
    hint: `\`roundoff data verify ${name} --directory DIR\` checks it`,
  }));
  const found = DATA_SETS.find(({ source }) => source.name === name);
  if (found === undefined) throw unknownName("data set", name, dataSetNames());
  return found;
}

/** Sets with a fixed content, and those that a user has in a folder. */
export function dataSetNames(): readonly string[] {
  return [...DATA_SETS.map(({ source }) => source.name), ...PICTURE_SETS, ...ARRAY_SETS];
}

/** Whether a set of this name is wherever its user has it. */
function isOwnSet(name: string): boolean {
  return isPictureSet(name) || isArraySet(name);
}

/** Splits `NAME` or `NAME:DIRECTORY`. Throws UNKNOWN_NAME. */
export function parseDataName(text: string): { readonly name: string; readonly directory?: string } {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!isOwnSet(name)) dataSet(name);
  return colon < 0 ? { name } : { name, directory: text.slice(colon + 1) };
}

/** A row for every known set. Reads and hashes what is there; fetches nothing, and a set that fails is a row too. */
export async function listDataSets(options: PlaceOptions): Promise<DataSetRow[]> {
  const rows: DataSetRow[] = [];
  for (const { source } of DATA_SETS) {
    try {
      rows.push(presentRow(await locate(source, { ...options, allowFetch: false })));
    } catch (error) {
      if (!(error instanceof RoundoffError) || error.code === "INTERRUPTED") throw error;
      rows.push(row(source, { present: false, path: null, place: null, problem: error.message }));
    }
  }
  return rows;
}

/** Finds the set, downloading it into the cache if it is nowhere yet. Throws as `locate` does. */
export async function fetchDataSet(name: string, options: PlaceOptions): Promise<DataSetRow> {
  return presentRow(await locate(dataSet(name).source, { ...options, allowFetch: true }));
}

/** Finds the set on this machine and checks every byte, or every picture. Throws as `locate` and `openPictures` do. */
export async function verifyDataSet(
  name: string,
  options: PlaceOptions & OpenPicturesOptions,
): Promise<DataSetRow> {
  if (isPictureSet(name))
    return verifyPictures(openPictures(name, { ...options, badImages: "skip" }), options);
  if (isArraySet(name)) {
    const { provenance, train, test } = openArrays(name, options.directory);
    return ownRow(provenance, train.labels.length + test.labels.length);
  }
  const set = dataSet(name);
  try {
    return presentRow(await locate(set.source, { ...options, allowFetch: false }));
  } catch (error) {
    const { provenance, train, test } = unverified(set, options.directory, error);
    return ownRow(provenance, train.labels.length + test.labels.length);
  }
}

/** Finds and decodes the set: the pictures of both splits and where they came from. Throws as `locate` does. */
export async function loadDataSet(name: string, options: LocateOptions): Promise<ImageSplits> {
  const set = dataSet(name);
  try {
    return set.load(await locate(set.source, options));
  } catch (error) {
    const found = unverified(set, options.directory, error);
    options.log?.(`${name}: ${options.directory} holds extracted files, for which there is no hash to check`);
    return found;
  }
}

/** The set in its other form, where it was missing in the form of its source; else throws the error that said so. */
function unverified(set: DataSet, directory: string | undefined, error: unknown): ImageSplits {
  const missing = error instanceof RoundoffError && error.code === "DATA_MISSING";
  const found = missing && directory !== undefined ? set.loadUnverified?.(directory) : undefined;
  if (found === undefined) throw error;
  return found;
}

/** Finds a set of any kind for training. Throws as `locate` and `openPictures` do. */
export async function openDataSet(
  name: string,
  options: LocateOptions & OpenPicturesOptions,
): Promise<TrainingData> {
  if (isPictureSet(name)) return openPictures(name, options);
  return isArraySet(name) ? openArrays(name, options.directory) : loadDataSet(name, options);
}

/** How many unusable inputs an error names. */
const NAMED = 10;

/** The row of a set whose every picture decodes; else DATA_CORRUPT with the number and the first names. */
async function verifyPictures(index: PictureIndex, { signal }: PlaceOptions): Promise<DataSetRow> {
  const { provenance, train, test } = index;
  const unusable = await unusablePictures(index, { workers: availableParallelism(), signal });
  require(unusable.length === 0, "DATA_CORRUPT", () => {
    const named = unusable.slice(0, NAMED).map(({ name, reason }) => `${name}: ${reason}`);
    const more = unusable.length > NAMED ? [`and ${unusable.length - NAMED} more`] : [];
    return {
      what: `${unusable.length} inputs of ${provenance.path} cannot be used`,
      received: [...named, ...more].join(" | "),
      hint: "Mend them, or leave them out with --bad-images skip",
    };
  });
  return ownRow(provenance, train.length + test.length);
}

function ownRow({ name, path, sha256 }: Provenance, rows: number): DataSetRow {
  const licence = "that of your pictures";
  return { name, present: true, path, source: "directory", sha256, rows, licence, problem: null };
}

function presentRow({ source, place, path }: LocatedData): DataSetRow {
  return row(source, { present: true, path, place, problem: null });
}

function row(
  source: DataSource,
  found: { present: boolean; path: string | null; place: Place | null; problem: string | null },
): DataSetRow {
  return {
    name: source.name,
    present: found.present,
    path: found.path,
    source: found.place,
    sha256: sourceSha256(source),
    rows: source.rows.train + source.rows.test,
    licence: source.licence,
    problem: found.problem,
  };
}
